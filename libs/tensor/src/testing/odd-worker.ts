import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import type { WorkerContext } from '../session/worker.js';

/** Ways in which a function in a thread can end, and not end. */
const WAYS = {
  echo: (value) => ({ value, threadId }),
  progress: (_, { progress }) => [1, 2, 3].forEach((n) => progress(n)),
  forgeError: () => {
    throw new ForgeError('DIVERGED', 'the loss is NaN');
  },
  typeError: () => (undefined as unknown as { x: number }).x,
  exit: () => process.exit(7),
  strayError: async () => {
    setTimeout(() => {
      throw new Error('stray');
    });
    await sleep(60_000);
  },
  uncloneable: () => () => 'a function',
  untilAborted: async (_, { signal, progress }) => {
    progress('started');
    await sleep(60_000, undefined, { signal });
  },
  deaf: (_, { progress }) => {
    progress('started');
    for (;;);
  },
  ask: async (value, { ask }) => {
    const told: unknown[] = [];
    const answers = await Promise.all([ask('double', value, (each) => told.push(each)), ask('threadId')]);
    return { answers, told, threadId, refused: await ask('nonsense').catch((error: ForgeError) => error.code) };
  },
  keepsOpen: (value) => {
    setInterval(() => undefined, 1000);
    return value;
  },
} satisfies Record<string, (value: unknown, context: WorkerContext) => unknown>;

export type Way = keyof typeof WAYS;

export function run({ way, value }: { way: Way; value?: unknown }, context: WorkerContext): unknown {
  return WAYS[way](value, context);
}
