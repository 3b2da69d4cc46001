import { ForgeError } from '@agent-forge/contracts';
import type { Logger } from './logger.js';

/** Work that is given back takes seconds; an orchestrator's grace is usually 30 s, and it kills without asking. */
const CLOSE_TIMEOUT_MS = 20_000;

/** A service that runs. */
export interface Service {
  readonly logger: Logger;
  /** Where it listens. */
  readonly url: string;
  close(): Promise<void>;
}

/** What a service tells the parent that forked it, once it takes work. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly url: string;
}

/**
 * The life of a process that is one service: starts it, tells a parent process that it is ready ({@link ReadyMessage} over the channel of
 * `fork`), and closes it in order on SIGTERM or SIGINT, or when the parent is gone. A start that fails is one line on standard error and exit
 * code 1; so is a crash.
 */
export async function runService(start: () => Promise<Service>): Promise<void> {
  let service: Service;
  try {
    service = await start();
  } catch (thrown) {
    const error = ForgeError.from(thrown);
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exit(1);
  }
  let isClosing = false;
  const close = async (why: string, exitCode: number) => {
    if (isClosing) return;
    isClosing = true;
    service.logger.info({ why }, 'closing');
    const timer = setTimeout(() => {
      service.logger.error('closing took too long');
      process.exit(1);
    }, CLOSE_TIMEOUT_MS);
    try {
      await service.close();
    } catch (error) {
      service.logger.error({ err: error }, 'closing failed');
      exitCode = 1;
    }
    clearTimeout(timer);
    process.exit(exitCode);
  };
  process.once('SIGTERM', () => void close('SIGTERM', 0));
  process.once('SIGINT', () => void close('SIGINT', 0));
  process.once('disconnect', () => void close('the parent is gone', 0));
  process.once('uncaughtException', (error) => {
    service.logger.fatal({ err: error }, 'uncaught');
    void close('uncaught exception', 1);
  });
  const ready: ReadyMessage = { type: 'ready', url: service.url };
  process.send?.(ready);
}
