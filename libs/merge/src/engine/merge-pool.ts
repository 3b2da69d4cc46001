import { ForgeError } from '@agent-forge/contracts';
import type { LazyWeights, WeightTensor } from '@agent-forge/model';
import { halfOf } from '../math/kernels.js';
import { widenAs } from '../operand.js';
import type { MergePlan, PlannedTensor } from '../plan/plan.js';
import { MergeThread } from './merge-thread.js';
import { elementCount, storedBytes } from './merge-tensor.js';
import { Ring } from './ring.js';

/** Results that are being made, in float32, may take this much together, or what the largest takes alone. */
const CONCURRENT_BYTES = 320 * 2 ** 20;
/** Results that may wait to be written beside the largest one; one of this size takes longer to write than to hand over. */
const WAITING_BYTES = 128 * 2 ** 20;
const FLOAT_BYTES = 4;

/** A tensor on its way; all are in the order in which they are asked for. */
interface Pending {
  readonly tensor: number;
  readonly offset: number;
  readonly done: Promise<void>;
}

/** Size of the values before they are rounded. */
const valueBytes = ({ shape }: PlannedTensor): number => FLOAT_BYTES * elementCount(shape);
/** Float32 values can begin at any place. */
const aligned = (sizeBytes: number): number => Math.ceil(sizeBytes / FLOAT_BYTES) * FLOAT_BYTES;

/**
 * The merged model as weights that several threads compute ahead of whoever reads them. Memory is bounded by the largest
 * tensor: others are computed beside it only as far as they fit. The bytes do not depend on the number of threads.
 */
export class MergePool implements LazyWeights {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  private readonly indexOf: ReadonlyMap<string, number>;
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
    this.shapes = new Map(work.tensors.map(({ name, shape }) => [name, shape]));
    this.indexOf = new Map(work.tensors.map(({ name }, i) => [name, i]));
    this.budgetBytes = Math.max(CONCURRENT_BYTES, ...work.tensors.map(valueBytes));
    const largest = Math.max(...work.tensors.map(storedBytes));
    this.results = new SharedArrayBuffer(aligned(largest) + aligned(Math.min(largest, WAITING_BYTES)));
    this.ring = new Ring(this.results.byteLength);
    const start = { work, paths: sources.map(({ path }) => path), results: this.results };
    this.threads = Array.from({ length: threads }, () => new MergeThread(start));
  }

  /** The bytes are good until the next call. Tensors must be read in the order in which they were announced. */
  async readStored(name: string, ahead: readonly string[]): Promise<Uint8Array> {
    if (this.handedOut) this.release();
    const known = new Set([...this.waiting, ...this.pending.map(({ tensor }) => tensor)]);
    this.waiting.push(...[name, ...ahead].map((each) => this.index(each)).filter((tensor) => !known.has(tensor)));
    this.begin();
    const next = this.pending[0]!;
    if (next.tensor !== this.index(name)) throw new ForgeError('INTERNAL', `${name} was asked for out of turn`);
    await next.done;
    this.handedOut = true;
    return new Uint8Array(this.results, next.offset, storedBytes(this.plan.work.tensors[next.tensor]!));
  }

  /** As {@link readStored}, in float32. */
  async read(name: string, ahead: readonly string[] = []): Promise<WeightTensor> {
    const { shape, dtype } = this.plan.work.tensors[this.index(name)]!;
    const data = new Float32Array(elementCount(shape));
    const bytes = await this.readStored(name, ahead);
    const room = dtype === 'F32' ? data : halfOf(data);
    new Uint8Array(room.buffer, room.byteOffset, room.byteLength).set(bytes);
    widenAs(data, dtype, null);
    return { shape, data };
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
      const planned = this.plan.work.tensors[tensor]!;
      const bytes = valueBytes(planned);
      if (this.busyBytes > 0 && this.busyBytes + bytes > this.budgetBytes) return;
      const offset = this.ring.take(aligned(storedBytes(planned)));
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
