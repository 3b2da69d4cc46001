import { hasEnded, reachable, type RunState } from '@agent-forge/run';

/** Runs of one tenant in the order of their ids, which is that of their beginnings. */
export class TenantRuns {
  readonly #states = new Map<string, RunState>();
  /** Oldest first. */
  readonly #ids: string[] = [];
  readonly #named = new Set<string>();

  #open = 0;

  /** Those that have not ended. */
  get open(): number {
    return this.#open;
  }

  /** The artifacts that its runs have named, those of forgotten runs too: a tenant keeps what was made for it. */
  get named(): ReadonlySet<string> {
    return this.#named;
  }

  isOpen(id: string): boolean {
    return openOf(this.#states.get(id)) === 1;
  }

  get size(): number {
    return this.#ids.length;
  }

  get(id: string): RunState | undefined {
    return this.#states.get(id);
  }

  set(id: string, state: RunState): void {
    this.#open += openOf(state) - openOf(this.#states.get(id));
    if (!this.#states.has(id)) this.#ids.splice(this.#placeOf(id), 0, id);
    this.#states.set(id, state);
    for (const artifact of reachable([state], () => undefined)) this.#named.add(artifact);
  }

  /** Forgets the oldest run that has ended; the oldest of all where none has. */
  forgetOldest(): void {
    const ended = this.#ids.findIndex((id) => hasEnded(this.#states.get(id)!));
    const [id] = this.#ids.splice(Math.max(0, ended), 1);
    this.#open -= openOf(this.#states.get(id!));
    this.#states.delete(id!);
  }

  /** Those behind a run, or all. @param isOldestFirst otherwise the newest comes first */
  *behind(after: string | undefined, isOldestFirst: boolean): Generator<RunState> {
    const step = isOldestFirst ? 1 : -1;
    let at = isOldestFirst ? 0 : this.#ids.length - 1;
    if (after !== undefined) {
      at = this.#placeOf(after);
      if (!isOldestFirst) at -= 1;
      else if (this.#ids[at] === after) at += 1;
    }
    for (; at >= 0 && at < this.#ids.length; at += step) yield this.#states.get(this.#ids[at]!)!;
  }

  /** Where an id is or would be. */
  #placeOf(id: string): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function openOf(state: RunState | undefined): number {
  return state === undefined || hasEnded(state) ? 0 : 1;
}
