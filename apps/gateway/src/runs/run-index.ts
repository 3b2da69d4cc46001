import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Counter, type Registry } from 'prom-client';
import { LOG_SUBJECTS, type ForgeError } from '@agent-forge/contracts';
import { LogEnd, readEvents } from '@agent-forge/nats';
import { evolve, type RunState } from '@agent-forge/run';
import type { Logger } from '@agent-forge/runtime';
import { TenantRuns } from './tenant-runs.js';

/** After a reader has failed it begins again behind the last event that it folded. */
const RETRY_MS = 1_000;
/** An event that was just appended arrives in a millisecond; whoever waits for it is not kept longer than this. */
const REACH_TIMEOUT_MS = 2_000;

/** Reads of so long a time share one question to the broker. */
const GATHER_MS = 4;

/** A run takes some kilobytes. */
const MAX_RUNS = 20_000;

/** What of a list is asked for. */
export interface RunPage {
  readonly limit: number;
  /** The run that the page before ended with. */
  readonly after: string | undefined;
  readonly isOldestFirst: boolean;
  readonly isWanted: (run: RunState) => boolean;
}

/** All runs, folded out of the log as it grows: a view that can be thrown away and made again, never a record. */
@Injectable()
export class RunIndex implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #runs = new Map<string, TenantRuns>();
  #size = 0;
  readonly #stop = new AbortController();
  #sequence = 0;
  /** As many wait as there are requests; each for a bounded time. */
  readonly #folded = new EventEmitter().setMaxListeners(0);
  #following: Promise<void> | undefined;
  /** The question for the end of the log that is about to be sent. */
  #look: Promise<number> | undefined;
  readonly #logEnd: LogEnd;

  readonly #unreadable: Counter;

  /**
   * @param registry that counts what of the log cannot be read
   * @param maxRuns of all tenants together; of more, the oldest that have ended are forgotten, and found by their ids only
   */
  constructor(
    private readonly connection: NatsConnection,
    private readonly logger: Logger,
    registry: Registry,
    private readonly maxRuns = MAX_RUNS,
  ) {
    this.#logEnd = new LogEnd(connection);
    this.#unreadable = new Counter({
      name: 'forge_unreadable_events_total',
      help: 'Messages of the run log that are no event this version can read; they are skipped.',
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    this.#following = this.#follow();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  /**
   * A run as it stands now: whatever was in the log when this was asked is in it.
   * @returns undefined where only the log can tell, because the run is not kept here or the fold is late
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  async get(tenant: string, run: string): Promise<RunState | undefined> {
    const end = await (this.#look ??= this.#lookAtEnd());
    await this.reached(end);
    return this.#sequence >= end ? this.#runs.get(tenant)?.get(run) : undefined;
  }

  /** A page of a tenant's runs. */
  list(tenant: string, { limit, after, isOldestFirst, isWanted }: RunPage): { runs: RunState[]; isLast: boolean } {
    const runs: RunState[] = [];
    for (const run of this.#runs.get(tenant)?.behind(after, isOldestFirst) ?? []) {
      if (!isWanted(run)) continue;
      if (runs.length === limit) return { runs, isLast: false };
      runs.push(run);
    }
    return { runs, isLast: true };
  }

  /** How many runs of a tenant have not ended, or are about to begin. */
  countOpen(tenant: string, beginning: ReadonlySet<string>): number {
    const runs = this.#runs.get(tenant);
    return (runs?.open ?? 0) + [...beginning].filter((run) => !runs?.isOpen(run)).length;
  }

  /** The artifacts that runs of a tenant have named. */
  namedBy(tenant: string): ReadonlySet<string> {
    return this.#runs.get(tenant)?.named ?? new Set();
  }

  /** Waits, for a bounded time, until the event of this sequence is folded, so that a caller finds what it has just written. */
  async reached(sequence: number): Promise<void> {
    if (this.#sequence >= sequence) return;
    const late = AbortSignal.timeout(REACH_TIMEOUT_MS);
    await once(this.#folded, String(sequence), { signal: late }).catch(() => undefined);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const from = this.#sequence + 1;
        const options = { stream: 'log', filter: LOG_SUBJECTS, from, signal, onInvalid: this.#skip } as const;
        for await (const { event, sequence } of readEvents(this.connection, options)) {
          if (event.name !== 'phase.progress') this.#fold(event, sequence);
        }
      } catch (error) {
        this.logger.warn({ err: error }, 'the index of runs begins again');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Where the log ends; one question for all who ask at about the same time, sent after the last of them has asked. */
  async #lookAtEnd(): Promise<number> {
    await sleep(GATHER_MS);
    this.#look = undefined;
    return this.#logEnd.sequence();
  }

  readonly #skip = (error: ForgeError, sequence: number): void => {
    // A reader that begins again comes to it again.
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#unreadable.inc();
    this.logger.warn({ sequence, err: error }, 'an event of the run log cannot be read; it is skipped');
  };

  #fold(event: Parameters<typeof evolve>[1], sequence: number): void {
    const runs = this.#runs.get(event.tenant) ?? new TenantRuns();
    this.#runs.set(event.tenant, runs);
    const state = evolve(runs.get(event.run), event, sequence);
    if (state) this.#keep(runs, state);
    this.#sequence = sequence;
    this.#folded.emit(String(sequence));
  }

  #keep(runs: TenantRuns, state: RunState): void {
    const before = runs.size;
    runs.set(state.run, state);
    this.#size += runs.size - before;
    if (this.#size <= this.maxRuns) return;
    // Whoever has the most loses one, so that nobody's runs push out another's.
    const most = [...this.#runs.values()].reduce((a, b) => (b.size > a.size ? b : a));
    most.forgetOldest();
    this.#size -= 1;
  }
}
