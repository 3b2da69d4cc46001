import { ForgeError, Rng, type Json } from '@agent-forge/contracts';
import { ranked, restored, StatefulSearch, type SearchSettings, type SearchState } from './search.js';

/** Candidates of a generation, and the part of them that the next is drawn around, as Sun et al. 2025 (arXiv:2501.06252) have it. */
const POPULATION = 32;
const ELITE_SHARE = 0.2;
/** A spread below this part of the first one is kept from vanishing at the first lucky elite. */
const SPREAD_FLOOR = 1e-3;

interface CrossEntropyState extends SearchState {
  mean: number[];
  spread: number[];
}

/** Settings of the cross-entropy method. */
export interface CrossEntropySettings extends SearchSettings {
  /** Candidates are kept within these; the whole line unless given. */
  readonly bounds?: readonly [low: number, high: number];
  /** Part of the candidates that the next generation is drawn around (default 0.2). */
  readonly eliteShare?: number;
}

/** The cross-entropy method (Rubinstein 1999): each generation is drawn from the mean and standard deviation of the elite of the one before, gene by gene. */
export class CrossEntropy extends StatefulSearch<CrossEntropyState> {
  constructor(
    private readonly settings: CrossEntropySettings,
    state?: Json,
  ) {
    super(state === undefined ? initial(settings) : restored(state));
    const { population = POPULATION } = settings;
    if (!Number.isInteger(population) || population < 2)
      throw new ForgeError('INVALID_ARGUMENT', `a population has at least 2 candidates, not ${population}`);
  }

  get center(): readonly number[] {
    return this.current.mean;
  }

  ask(): readonly (readonly number[])[] {
    const { seed, population = POPULATION, bounds: [low, high] = [-Infinity, Infinity] } = this.settings;
    const { mean, spread } = this.current;
    const rng = Rng.derive(seed, 'cross-entropy', this.generation);
    return Array.from({ length: population }, () =>
      mean.map((m, i) => Math.min(high, Math.max(low, m + spread[i]! * rng.normal()))),
    );
  }

  tell(fitness: readonly number[]): void {
    const genomes = this.ask();
    if (fitness.length !== genomes.length)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `this generation has ${genomes.length} candidates, not ${fitness.length}`,
      );
    const { eliteShare = ELITE_SHARE, sigma } = this.settings;
    const elite = ranked(fitness)
      .slice(0, Math.max(2, Math.round(eliteShare * genomes.length)))
      .map((i) => genomes[i]!);
    this.count(genomes, fitness);
    this.current.mean = this.current.mean.map((_, i) => average(elite.map((genome) => genome[i]!)));
    this.current.spread = this.current.mean.map((mean, i) =>
      Math.max(
        SPREAD_FLOOR * sigma,
        deviation(
          elite.map((genome) => genome[i]!),
          mean,
        ),
      ),
    );
  }
}

function initial({ start, sigma }: SearchSettings): CrossEntropyState {
  return { generation: 0, evaluations: 0, best: null, mean: [...start], spread: start.map(() => sigma) };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Without bias: an elite of a few would shrink the spread too soon. */
function deviation(values: readonly number[], mean: number): number {
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
