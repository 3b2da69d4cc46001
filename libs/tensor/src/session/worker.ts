import { Worker } from 'node:worker_threads';
import { type ErrorCode, ForgeError } from '@agent-forge/contracts';

/** What a function in a worker thread is given besides its input. */
export interface WorkerContext<Progress = unknown> {
  /** Aborted when the result is no longer wanted: end soon, with any error. */
  readonly signal: AbortSignal;
  /** Says how far the work is; anything that can be cloned. */
  progress(progress: Progress): void;
  /**
   * Asks whoever wants the work done, and waits for the answer; both are cloned.
   * @param onTell hears what is told on the way to the answer
   * @throws ForgeError what the other side throws
   */
  ask(question: string, payload?: unknown, onTell?: (value: unknown) => void): Promise<unknown>;
}

/** The export `run` of a module that a {@link WorkerThread} can be given. */
export type WorkerFunction<In, Out, Progress = unknown> = (
  input: In,
  context: WorkerContext<Progress>,
) => Out | Promise<Out>;

export interface WorkerOptions<Progress = unknown> {
  readonly onProgress?: (progress: Progress) => void;
  /** Answers what the work asks; may `tell` something on the way to the answer. */
  readonly onAsk?: (question: string, payload: unknown, tell: (value: unknown) => void) => Promise<unknown>;
  /** Ends the work: the thread is asked, and after a grace ended by force. */
  readonly signal?: AbortSignal;
  /** How long a thread that was asked to end may take. */
  readonly abortGraceMs?: number;
}

/** A message from the thread. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly progress: unknown }
  | { readonly type: 'ask'; readonly id: number; readonly question: string; readonly payload: unknown }
  | { readonly type: 'done'; readonly output: unknown }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string; readonly stack: string };

/** A message to the thread. */
export type WorkerOrder =
  | { readonly type: 'run'; readonly module: string; readonly input: unknown }
  | { readonly type: 'abort' }
  | { readonly type: 'tell'; readonly id: number; readonly value: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'end' };

/**
 * Enough for a call of the session to come to its end, on a machine that is busy with other things too, and for a last checkpoint. The force
 * behind it is for threads that hang: onnxruntime-node 1.30 ends the whole process when its thread is ended inside of a call.
 */
const ABORT_GRACE_MS = 60_000;
/** A thread that has said its last word ends by itself, unless a library keeps something open in it. */
const END_GRACE_MS = 500;

/**
 * Calls the export `run` of a module in a worker thread of its own, so that the calling thread keeps answering however long
 * a computation takes, and so that its memory is given back. The thread is gone when the promise settles.
 * @param module URL of the compiled module; its `run` is a {@link WorkerFunction}
 * @param input cloned into the thread, as the result is cloned back
 * @throws ForgeError what `run` throws, with its code and message; `CANCELLED` after `signal`; `INTERNAL` when the thread dies
 *   without an answer; `INVALID_ARGUMENT` when the input cannot be cloned
 */
export async function runInWorker<In, Out, Progress = unknown>(
  module: URL,
  input: In,
  options: WorkerOptions<Progress> = {},
): Promise<Out> {
  if (options.signal?.aborted) throw cancelled();
  const thread = new WorkerThread();
  try {
    return await thread.run<In, Out, Progress>(module, input, options);
  } finally {
    await thread.end();
  }
}

/**
 * A thread for one piece of work after the other. What its modules keep is at hand for the next piece; starting a thread and loading the libraries takes
 * longer than some pieces do.
 */
export class WorkerThread {
  readonly #worker = new Worker(new URL('./worker-entry.js', import.meta.url));
  readonly #exited: Promise<void>;
  #isDead = false;

  constructor() {
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    void this.#exited.then(() => (this.#isDead = true));
    // A thread that waits for work keeps no process alive; one that works does, by what waits for it.
    this.#worker.unref();
    // What an idle thread dies of is told by its next piece of work.
    this.#worker.on('error', () => undefined);
  }

  /** Whether it can take work. */
  get isAlive(): boolean {
    return !this.#isDead;
  }

  /** One piece of work at a time; as {@link runInWorker}, but the thread stays, unless it had to be ended by force. */
  async run<In, Out, Progress = unknown>(
    module: URL,
    input: In,
    { onProgress, onAsk, signal, abortGraceMs = ABORT_GRACE_MS }: WorkerOptions<Progress> = {},
  ): Promise<Out> {
    if (signal?.aborted) throw cancelled();
    let timer: NodeJS.Timeout | undefined;
    const abort = () => {
      this.#order({ type: 'abort' });
      timer = setTimeout(() => void this.#worker.terminate(), abortGraceMs);
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#worker.ref();
    try {
      const answer = this.#lastWord((progress) => onProgress?.(progress as Progress), onAsk);
      this.#start({ type: 'run', module: module.href, input });
      const last = await answer;
      if (last.type === 'done' && !signal?.aborted) return last.output as Out;
      throw last.type === 'failed' ? new ForgeError(last.code, last.message, last.stack) : cancelled();
    } catch (error) {
      throw signal?.aborted ? cancelled() : error;
    } finally {
      signal?.removeEventListener('abort', abort);
      clearTimeout(timer);
      this.#worker.unref();
    }
  }

  /** Ends the thread; it is gone when the promise resolves. */
  async end(): Promise<void> {
    this.#worker.ref();
    this.#order({ type: 'end' });
    const timer = setTimeout(() => void this.#worker.terminate(), END_GRACE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  #start(order: WorkerOrder): void {
    try {
      this.#order(order);
    } catch (error) {
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `the input cannot be sent to a worker: ${(error as Error).message}`,
        error,
      );
    }
  }

  /** The thread's answer, whatever comes before it; an error when it ends without one. */
  #lastWord(
    onProgress: (progress: unknown) => void,
    onAsk: WorkerOptions['onAsk'],
  ): Promise<Extract<WorkerMessage, { type: 'done' | 'failed' }>> {
    const worker = this.#worker;
    let forget = () => undefined as void;
    const word = new Promise<Extract<WorkerMessage, { type: 'done' | 'failed' }>>((resolve, reject) => {
      const hear = (message: WorkerMessage) => {
        if (message.type === 'ask') return void this.#answer(message, onAsk);
        if (message.type !== 'progress') return resolve(message);
        try {
          onProgress(message.progress);
        } catch (error) {
          // Whoever does not want to hear of it any more does not want the rest either; nobody knows what the thread is at.
          void worker.terminate();
          reject(error);
        }
      };
      const died = (why: string, cause?: unknown) =>
        reject(new ForgeError('INTERNAL', `the worker thread died: ${why}`, cause));
      const fail = (error: Error) => died(error.message, error);
      const exit = (code: number) => died(`it exited with code ${code} before it answered`);
      worker.on('message', hear).once('error', fail).once('exit', exit);
      forget = () => void worker.off('message', hear).off('error', fail).off('exit', exit);
      if (this.#isDead) died('it had ended before');
    });
    const settled = word.finally(() => forget());
    settled.catch(() => undefined);
    return settled;
  }

  async #answer(
    { id, question, payload }: WorkerMessage & { type: 'ask' },
    onAsk: WorkerOptions['onAsk'],
  ): Promise<void> {
    try {
      if (onAsk === undefined) throw new ForgeError('INTERNAL', `nobody answers "${question}"`);
      const tell = (value: unknown) => this.#order({ type: 'tell', id, value });
      this.#order({ type: 'answer', id, value: await onAsk(question, payload, tell) });
    } catch (thrown) {
      const { code, message } = ForgeError.from(thrown);
      if (!this.#isDead) this.#order({ type: 'refusal', id, code, message });
    }
  }
}

function cancelled(): ForgeError {
  return new ForgeError('CANCELLED', 'the work is no longer wanted');
}
