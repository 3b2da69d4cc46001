import { parentPort } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import type { WorkerFunction, WorkerMessage, WorkerOrder } from './worker.js';

/** The thread's side of `WorkerThread`: loads a module, calls its `run`, answers once, and waits for the next order. */
const port = parentPort!;
const say = (message: WorkerMessage): void => port.postMessage(message);
let aborter = new AbortController();
interface Asker {
  resolve(value: unknown): void;
  reject(error: ForgeError): void;
  onTell: ((value: unknown) => void) | undefined;
}
const waiting = new Map<number, Asker>();
let asked = 0;

port.on('message', (order: WorkerOrder) => {
  if (order.type === 'run') void work(order.module, order.input);
  else if (order.type === 'abort') aborter.abort();
  else if (order.type === 'end') port.close();
  else if (order.type === 'tell') waiting.get(order.id)?.onTell?.(order.value);
  else {
    const asker = waiting.get(order.id);
    waiting.delete(order.id);
    if (order.type === 'answer') asker?.resolve(order.value);
    else asker?.reject(new ForgeError(order.code, order.message));
  }
});

async function work(module: string, input: unknown): Promise<void> {
  aborter = new AbortController();
  try {
    const { run } = (await import(module)) as { run: WorkerFunction<unknown, unknown> };
    if (typeof run !== 'function') throw new ForgeError('INVALID_ARGUMENT', `${module} has no export named run`);
    const progress = (value: unknown) => say({ type: 'progress', progress: value });
    say({ type: 'done', output: await run(input, { signal: aborter.signal, progress, ask }) });
  } catch (thrown) {
    const { code, message, stack = '' } = ForgeError.from(thrown);
    say({ type: 'failed', code, message, stack });
  }
}

function ask(question: string, payload?: unknown, onTell?: (value: unknown) => void): Promise<unknown> {
  const id = ++asked;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, onTell });
    say({ type: 'ask', id, question, payload });
  });
}
