import { ForgeError } from '@agent-forge/contracts';
import type { LazyWeights, WeightTensor } from '@agent-forge/model';
import type { MergePlan } from '../plan/plan.js';
import { MergeThread } from './merge-thread.js';
import { elementCount } from './merge-tensor.js';
import { Ring } from './ring.js';

/** Inputs of tensors that are computed at the same time may take this much together, or what the largest tensor needs alone. */
const CONCURRENT_INPUT_BYTES = 256 * 2 ** 20;
/** Results that may wait beside the largest one; a result of this size takes longer to write than to hand over. */
const WAITING_RESULT_BYTES = 64 * 2 ** 20;
const FLOAT_BYTES = 4;

/** A tensor on its way; all are in the order in which they are asked for. */
interface Pending {
  readonly tensor: number;
  readonly offset: number;
  readonly done: Promise<void>;
}

/**
 * The merged model as weights that several threads compute ahead of whoever reads them. Memory is bounded by the largest
 * tensor: others are computed beside it only as far as they fit. The bytes do not depend on the number of threads.
 */
export class MergePool implements LazyWeights {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  private readonly indexOf: ReadonlyMap<string, number>;
  private readonly inputBytes: readonly number[];
  private readonly budgetBytes: number;
  private readonly results: SharedArrayBuffer;
  private readonly ring: Ring;
  private readonly threads: readonly MergeThread[];
  /** Asked for, but not begun. */
  private waiting: number[] = [];
  /** Begun, the oldest first; it may be handed out already. */
  private readonly pending: Pending[] = [];
  private handedOut = false;
  private busyBytes = 0;

  /** @param plan of models that are folders */
  constructor(
    private readonly plan: MergePlan,
    threads: number,
  ) {
    const { work, sources } = plan;
    const outputBytes = work.tensors.map(({ shape }) => FLOAT_BYTES * elementCount(shape));
    this.shapes = new Map(work.tensors.map(({ name, shape }) => [name, shape]));
    this.indexOf = new Map(work.tensors.map(({ name }, i) => [name, i]));
    this.inputBytes = work.tensors.map(({ base, inputs }, i) => outputBytes[i]! * (inputs.length + (base ? 1 : 0)));
    this.budgetBytes = Math.max(CONCURRENT_INPUT_BYTES, ...this.inputBytes);
    const largest = Math.max(...outputBytes);
    this.results = new SharedArrayBuffer(largest + Math.min(largest, WAITING_RESULT_BYTES));
    this.ring = new Ring(this.results.byteLength);
    const start = { work, paths: sources.map(({ path }) => path), results: this.results };
    this.threads = Array.from({ length: threads }, () => new MergeThread(start));
  }

  /** The values are good until the next call. Tensors must be read in the order in which they were announced. */
  async read(name: string, ahead: readonly string[] = []): Promise<WeightTensor> {
    if (this.handedOut) this.release();
    const known = new Set([...this.waiting, ...this.pending.map(({ tensor }) => tensor)]);
    this.waiting.push(...[name, ...ahead].map((each) => this.index(each)).filter((tensor) => !known.has(tensor)));
    this.begin();
    const next = this.pending[0]!;
    if (next.tensor !== this.index(name)) throw new ForgeError('INTERNAL', `${name} was asked for out of turn`);
    await next.done;
    this.handedOut = true;
    const { shape } = this.plan.work.tensors[next.tensor]!;
    return { shape, data: new Float32Array(this.results, next.offset, elementCount(shape)) };
  }

  /** Ends the threads; reading is over. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private index(name: string): number {
    const index = this.indexOf.get(name);
    if (index === undefined) throw new ForgeError('NOT_FOUND', `the merge has no tensor ${name}`);
    return index;
  }

  private release(): void {
    this.pending.shift();
    this.ring.release();
    this.handedOut = false;
  }

  /** Gives out as much work as threads and memory allow, in order. */
  private begin(): void {
    for (;;) {
      const tensor = this.waiting[0];
      const thread = this.threads.find(({ busy }) => !busy);
      if (tensor === undefined || thread === undefined) return;
      const bytes = this.inputBytes[tensor]!;
      if (this.busyBytes > 0 && this.busyBytes + bytes > this.budgetBytes) return;
      const offset = this.ring.take(FLOAT_BYTES * elementCount(this.plan.work.tensors[tensor]!.shape));
      if (offset === null) return;
      this.waiting.shift();
      this.busyBytes += bytes;
      const done = thread.merge({ tensor, offset }).finally(() => {
        this.busyBytes -= bytes;
        this.begin();
      });
      // Whoever reads this tensor sees the error; until then it must not count as unhandled.
      done.catch(() => undefined);
      this.pending.push({ tensor, offset, done });
    }
  }
}
