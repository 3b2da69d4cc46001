import { statfs } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { HealthIndicatorService, type HealthIndicatorFunction } from '@nestjs/terminus';
import { ForgeError } from '@agent-forge/contracts';

/** Below this a phase could not store even a small model with its scratch copy. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;
/** An orchestrator gives up after a few seconds; the answer must come before. */
const BROKER_TIMEOUT_MS = 2_000;

/** Something that a service needs; it throws when that is missing. */
export type Check = () => Promise<void>;

/** What a service needs before it can take work, by name. */
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly needs: Readonly<Record<string, Check>>,
  ) {}

  checks(): HealthIndicatorFunction[] {
    return Object.entries(this.needs).map(
      ([name, check]) =>
        () =>
          this.#check(name, check),
    );
  }

  async #check(name: string, check: Check) {
    const indicator = this.indicators.check(name);
    try {
      await check();
      return indicator.up();
    } catch (error) {
      return indicator.down({ message: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** The broker answers. */
export function brokerCheck(connection: NatsConnection): Check {
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ForgeError('BROKER_UNAVAILABLE', 'NATS does not answer')), BROKER_TIMEOUT_MS);
    });
    try {
      await Promise.race([connection.flush(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** There is room where the service writes. */
export function diskCheck(dataDir: string): Check {
  return async () => {
    const { bavail, bsize } = await statfs(dataDir);
    const freeBytes = bavail * bsize;
    if (freeBytes >= MIN_FREE_BYTES) return;
    throw new ForgeError(
      'STORE_UNAVAILABLE',
      `${freeBytes} bytes are free in the data directory; ${MIN_FREE_BYTES} are needed`,
    );
  };
}
