import { parentPort, workerData } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import { ABORT, type WorkerFunction, type WorkerMessage, type WorkerStart } from './worker.js';

/** The thread's side of `runInWorker`: loads the module, calls its `run` and sends one answer. */
const port = parentPort!;
const { module, input } = workerData as WorkerStart;
const say = (message: WorkerMessage): void => port.postMessage(message);
const aborter = new AbortController();
port.on('message', (message) => message === ABORT && aborter.abort());

try {
  const { run } = (await import(module)) as { run: WorkerFunction<unknown, unknown> };
  if (typeof run !== 'function') throw new ForgeError('INVALID_ARGUMENT', `${module} has no export named run`);
  const progress = (value: unknown) => say({ type: 'progress', progress: value });
  say({ type: 'done', output: await run(input, { signal: aborter.signal, progress }) });
} catch (thrown) {
  const { code, message, stack = '' } = ForgeError.from(thrown);
  say({ type: 'failed', code, message, stack });
} finally {
  port.close();
}
