import { Rng, type Json } from '@agent-forge/contracts';
import { ranked, restored, StatefulSearch, type SearchSettings, type SearchState } from './search.js';

/** Of eight: the two best have three mutants each, the six others become two, each recombined out of three. */
const POPULATION = 8;
const PARENTS = 2;
const MUTANTS = 3;
const GROUP = 3;
/** Mutants differ from their parent by this part of the first spread. */
const MUTATION_SHARE = 0.3;
/** Below this part of the first spread a population has become one candidate; its last members are drawn anew. */
const DIVERSITY_FLOOR = 0.2;
const RESEEDED = 2;

interface GenerationalState extends SearchState {
  population: number[][];
}

/**
 * The generational search of the original system: a population of eight in which the top two mutate and the bottom six recombine, with a floor under
 * its diversity. Genomes stand for the models that they make.
 */
export class Generational extends StatefulSearch<GenerationalState> {
  constructor(
    private readonly settings: SearchSettings,
    state?: Json,
  ) {
    super(
      state === undefined
        ? { generation: 0, evaluations: 0, population: founders(settings), best: null }
        : restored(state),
    );
  }

  get center(): readonly number[] {
    return this.best?.genome ?? this.settings.start;
  }

  ask(): readonly (readonly number[])[] {
    return this.current.population;
  }

  tell(fitness: readonly number[]): void {
    const { population } = this.current;
    this.count(population, fitness);
    this.current.population = this.#next(ranked(fitness).map((i) => population[i]!));
  }

  /** @param sorted the population, best first */
  #next(sorted: readonly number[][]): number[][] {
    const rng = Rng.derive(this.settings.seed, 'generational', this.generation);
    const mutants = sorted
      .slice(0, PARENTS)
      .flatMap((parent) =>
        Array.from({ length: MUTANTS }, () => around(parent, MUTATION_SHARE * this.settings.sigma, rng)),
      );
    const rest = sorted.slice(PARENTS);
    const children = [rest.slice(0, GROUP), rest.slice(GROUP)].map((group) => recombine(group, rng));
    const next = [...mutants, ...children];
    if (diversity(next) >= DIVERSITY_FLOOR * this.settings.sigma) return next;
    return [
      ...next.slice(0, -RESEEDED),
      ...Array.from({ length: RESEEDED }, () => around(this.settings.start, this.settings.sigma, rng)),
    ];
  }
}

function founders({ start, sigma, seed }: SearchSettings): number[][] {
  const rng = Rng.derive(seed, 'generational', 'founders');
  return [[...start], ...Array.from({ length: POPULATION - 1 }, () => around(start, sigma, rng))];
}

function around(genome: readonly number[], spread: number, rng: Rng): number[] {
  return genome.map((value) => value + spread * rng.normal());
}

/** A weighted mean of several genomes, with random weights. */
function recombine(group: readonly number[][], rng: Rng): number[] {
  const weights = group.map(() => rng.float() + Number.EPSILON);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return group[0]!.map((_, i) => group.reduce((sum, genome, k) => sum + (weights[k]! / total) * genome[i]!, 0));
}

/** Root mean square distance of the genes to their mean. */
function diversity(population: readonly number[][]): number {
  const genes = population[0]!.length;
  let squares = 0;
  for (let i = 0; i < genes; i++) {
    const mean = population.reduce((sum, genome) => sum + genome[i]!, 0) / population.length;
    for (const genome of population) squares += (genome[i]! - mean) ** 2;
  }
  return Math.sqrt(squares / (genes * population.length));
}
