import { Rng, type Json } from '@agent-forge/contracts';
import { betterOf, ranked, type Candidate, type Search, type SearchSettings } from './search.js';

/** As many as CMA-ES would take for a dozen parameters. */
const DEFAULT_POPULATION = 12;

interface RandomState {
  generation: number;
  evaluations: number;
  best: Candidate | null;
}

/** Candidates around the start that learn nothing from one another: the control that any other search has to beat at the same budget. */
export class RandomSearch implements Search {
  readonly #state: RandomState;

  constructor(
    private readonly settings: SearchSettings,
    state?: Json,
  ) {
    this.#state = (structuredClone(state) as unknown as RandomState) ?? { generation: 0, evaluations: 0, best: null };
  }

  get generation(): number {
    return this.#state.generation;
  }
  get evaluations(): number {
    return this.#state.evaluations;
  }
  get best(): Candidate | undefined {
    return this.#state.best ?? undefined;
  }
  get center(): readonly number[] {
    return this.best?.genome ?? this.settings.start;
  }

  state(): Json {
    return structuredClone(this.#state) as unknown as Json;
  }

  ask(): readonly (readonly number[])[] {
    const { seed, start, sigma, population = DEFAULT_POPULATION } = this.settings;
    const rng = Rng.derive(seed, 'random-search', this.#state.generation);
    return Array.from({ length: population }, () => start.map((value) => value + sigma * rng.normal()));
  }

  tell(fitness: readonly number[]): void {
    const genomes = this.ask();
    const best = ranked(fitness)[0]!;
    if (!Number.isNaN(fitness[best]))
      this.#state.best = betterOf(this.best, { genome: genomes[best]!, fitness: fitness[best]! });
    this.#state.generation += 1;
    this.#state.evaluations += genomes.length;
  }
}
