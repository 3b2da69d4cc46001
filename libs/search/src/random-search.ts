import { Rng, type Json } from '@agent-forge/contracts';
import { restored, StatefulSearch, type SearchSettings, type SearchState } from './search.js';

/** As many as CMA-ES would take for a dozen parameters. */
const DEFAULT_POPULATION = 12;

/** Candidates around the start that learn nothing from one another: the control that any other search has to beat at the same budget. */
export class RandomSearch extends StatefulSearch<SearchState> {
  constructor(
    private readonly settings: SearchSettings,
    state?: Json,
  ) {
    super(state === undefined ? { generation: 0, evaluations: 0, best: null } : restored(state));
  }

  get center(): readonly number[] {
    return this.best?.genome ?? this.settings.start;
  }

  ask(): readonly (readonly number[])[] {
    const { seed, start, sigma, population = DEFAULT_POPULATION } = this.settings;
    const rng = Rng.derive(seed, 'random-search', this.generation);
    return Array.from({ length: population }, () => start.map((value) => value + sigma * rng.normal()));
  }

  tell(fitness: readonly number[]): void {
    this.count(this.ask(), fitness);
  }
}
