import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Counter, type Registry } from 'prom-client';
import { LOG_SUBJECTS, type ForgeError } from '@agent-forge/contracts';
import { readEvents } from '@agent-forge/nats';
import { evolve, type RunState } from '@agent-forge/run';
import type { Logger } from '@agent-forge/runtime';

/** After a reader has failed it begins again behind the last event that it folded. */
const RETRY_MS = 1_000;
/** An event that was just appended arrives in a millisecond; whoever waits for it is not kept longer than this. */
const REACH_TIMEOUT_MS = 2_000;

/** All runs, folded out of the log as it grows: a view that can be thrown away and made again, never a record. */
@Injectable()
export class RunIndex implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #runs = new Map<string, Map<string, RunState>>();
  readonly #stop = new AbortController();
  #sequence = 0;
  /** As many wait as there are requests; each for a bounded time. */
  readonly #folded = new EventEmitter().setMaxListeners(0);
  #following: Promise<void> | undefined;

  readonly #unreadable: Counter;

  /** @param registry that counts what of the log cannot be read */
  constructor(
    private readonly connection: NatsConnection,
    private readonly logger: Logger,
    registry: Registry,
  ) {
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

  /** Runs of a tenant, newest first: at most `limit` of those behind the run `after`. */
  list(tenant: string, limit: number, after?: string): { runs: RunState[]; next?: string } {
    const ids = [...(this.#runs.get(tenant)?.keys() ?? [])].sort().reverse();
    const behind = after === undefined ? ids : ids.filter((id) => id < after);
    const runs = behind.slice(0, limit).map((id) => this.#runs.get(tenant)!.get(id)!);
    return behind.length > limit ? { runs, next: runs.at(-1)!.run } : { runs };
  }

  /** All runs of a tenant. */
  ofTenant(tenant: string): RunState[] {
    return [...(this.#runs.get(tenant)?.values() ?? [])];
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

  readonly #skip = (error: ForgeError, sequence: number): void => {
    // A reader that begins again comes to it again.
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#unreadable.inc();
    this.logger.warn({ sequence, err: error }, 'an event of the run log cannot be read; it is skipped');
  };

  #fold(event: Parameters<typeof evolve>[1], sequence: number): void {
    const runs = this.#runs.get(event.tenant) ?? new Map<string, RunState>();
    this.#runs.set(event.tenant, runs);
    const state = evolve(runs.get(event.run), event, sequence);
    if (state) runs.set(event.run, state);
    this.#sequence = sequence;
    this.#folded.emit(String(sequence));
  }
}
