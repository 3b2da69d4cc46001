import { statfs } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { HealthIndicatorService, type HealthIndicatorFunction } from '@nestjs/terminus';
import { ForgeError, type ArtifactStore } from '@agent-forge/contracts';

/** Below this a phase could not store even a small model with its scratch copy. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;
/** An orchestrator gives up after a few seconds; the answer must come before. */
const BROKER_TIMEOUT_MS = 2_000;

/** What a service needs before it can take work. */
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly connection: NatsConnection,
    private readonly store: ArtifactStore,
    private readonly dataDir: string,
  ) {}

  checks(): HealthIndicatorFunction[] {
    return [
      () => this.#check('broker', () => this.#broker()),
      () => this.#check('store', () => this.store.check()),
      () => this.#check('disk', () => this.#disk()),
    ];
  }

  async #check(name: string, work: () => Promise<void>) {
    const indicator = this.indicators.check(name);
    try {
      await work();
      return indicator.up();
    } catch (error) {
      return indicator.down({ message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #broker(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ForgeError('BROKER_UNAVAILABLE', 'NATS does not answer')), BROKER_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.connection.flush(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #disk(): Promise<void> {
    const { bavail, bsize } = await statfs(this.dataDir);
    const freeBytes = bavail * bsize;
    if (freeBytes >= MIN_FREE_BYTES) return;
    throw new ForgeError(
      'STORE_UNAVAILABLE',
      `${freeBytes} bytes are free in ${this.dataDir}; ${MIN_FREE_BYTES} are needed`,
    );
  }
}
