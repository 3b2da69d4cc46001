import type { Json } from '@agent-forge/contracts';

/** A point of the search space and what it is worth. */
export interface Candidate {
  readonly genome: readonly number[];
  /** Lower is better. */
  readonly fitness: number;
}

/**
 * A search that is asked for the candidates of a generation and told what they are worth. What it asks is a function of its state, and its state
 * is plain data: whoever saves it after a generation goes on with the same trajectory.
 */
export interface Search {
  /** Generations that were told. */
  readonly generation: number;
  /** Candidates that were told. */
  readonly evaluations: number;
  /** The best candidate so far, by the fitness that it was told with. */
  readonly best: Candidate | undefined;
  /** What the search believes in: the mean of its distribution, or the best candidate where it has none. A best candidate overfits its items. */
  readonly center: readonly number[];
  /** The genomes of this generation; the same until {@link tell}. */
  ask(): readonly (readonly number[])[];
  /** @param fitness of the genomes of {@link ask}, in their order; what is not a number counts as worst */
  tell(fitness: readonly number[]): void;
  state(): Json;
}

/** Settings that all algorithms take. */
export interface SearchSettings {
  /** Where it begins. */
  readonly start: readonly number[];
  /** Standard deviation of the first candidates around it. */
  readonly sigma: number;
  readonly seed: number | string;
  /** Candidates of a generation; by default what the algorithm's authors recommend. */
  readonly population?: number;
}

/** What the state of every search has. */
export interface SearchState {
  generation: number;
  evaluations: number;
  best: Candidate | null;
}

/** A search whose state is plain data. */
export abstract class StatefulSearch<S extends SearchState> implements Search {
  /** @param current begun anew, or as {@link state} gave it */
  constructor(protected current: S) {}

  get generation(): number {
    return this.current.generation;
  }
  get evaluations(): number {
    return this.current.evaluations;
  }
  get best(): Candidate | undefined {
    return this.current.best ?? undefined;
  }
  abstract get center(): readonly number[];

  state(): Json {
    return structuredClone(this.current) as unknown as Json;
  }

  abstract ask(): readonly (readonly number[])[];
  abstract tell(fitness: readonly number[]): void;

  /** Counts a generation, and keeps its best candidate if it is better than all before. */
  protected count(genomes: readonly (readonly number[])[], fitness: readonly number[]): void {
    const first = ranked(fitness)[0]!;
    if (!Number.isNaN(fitness[first]))
      this.current.best = betterOf(this.best, { genome: genomes[first]!, fitness: fitness[first]! });
    this.current.generation += 1;
    this.current.evaluations += genomes.length;
  }
}

/** A state as {@link Search.state} gave it. */
export function restored<S extends SearchState>(state: Json): S {
  return structuredClone(state) as unknown as S;
}

/** The better of two candidates; the first where they are equal. */
export function betterOf(a: Candidate | undefined, b: Candidate): Candidate {
  return a !== undefined && !(b.fitness < a.fitness) ? a : b;
}

/** Indices of fitness values, best first; what is not a number comes last, ties keep their order. */
export function ranked(fitness: readonly number[]): number[] {
  const value = (i: number) => (Number.isNaN(fitness[i]) ? Infinity : fitness[i]!);
  return fitness.map((_, i) => i).sort((a, b) => (value(a) === value(b) ? a - b : value(a) - value(b)));
}
