import { availableParallelism } from 'node:os';
import { ForgeError } from '@agent-forge/contracts';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';
import type { DType, TensorData } from '../ir/dtype.js';
import type { Graph } from '../ir/graph.js';
import { type Outputs, toOnnx } from '../ir/serialize.js';
import { type Provider, executionProviders, missing } from './provider.js';

/** A tensor in memory: C order. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** How a graph is run. */
export interface SessionOptions {
  readonly provider?: Provider;
  /** Threads of one operation; all processors by default. */
  readonly threads?: number;
  /** How far onnxruntime rewrites the graph; float64 graphs are kept `basic`, since its fused kernels exist in float32 only. */
  readonly optimization?: 'basic' | 'all';
  /** Writes a profile (Chrome trace) with this prefix. */
  readonly profile?: string;
  /** Values of the graph's external constants, by name; copied while the session is made. */
  readonly externals?: ReadonlyMap<string, TensorData>;
  /** onnxruntime configuration entries, by their dotted names. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** Errors come back as exceptions; below this level onnxruntime would write them to stderr as well. */
const FATAL = 4;

function nested(entries: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(entries)) {
    const keys = path.split('.');
    let at = root;
    for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    at[keys.at(-1)!] = value;
  }
  return root;
}

/** More threads than any machine this is for has processors; each takes memory whether it has work or not. */
const MAX_THREADS = 256;

function threadsOf({ threads = availableParallelism() }: SessionOptions): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new ForgeError('INVALID_ARGUMENT', `threads is a whole number from 1 to ${MAX_THREADS}, not ${threads}`);
}

/** A compiled graph. `run` blocks the thread it is called on, so long work belongs in a worker thread. */
export class Session {
  private constructor(private readonly session: InferenceSession) {}

  /**
   * @param model ONNX bytes, or a path for models with external data
   * @throws ForgeError `GRAPH_INVALID` when the model is not a valid one, `INVALID_ARGUMENT` for threads out of range, `PROVIDER_MISSING` when the provider cannot start, with what to install
   */
  static async create(model: Uint8Array | string, options: SessionOptions = {}): Promise<Session> {
    const provider = options.provider ?? 'cpu';
    env.logLevel = 'fatal';
    const settings: InferenceSession.SessionOptions = {
      executionProviders: executionProviders(provider),
      intraOpNumThreads: threadsOf(options),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: options.optimization ?? 'all',
      logSeverityLevel: FATAL,
      extra: nested(options.extra ?? {}),
      ...(options.externals === undefined ? {} : { externalData: externalData(options.externals) }),
      ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
    };
    try {
      return new Session(
        await (typeof model === 'string'
          ? InferenceSession.create(model, settings)
          : InferenceSession.create(model, settings)),
      );
    } catch (error) {
      throw provider === 'cpu' ? loadError(error) : missing(provider, error);
    }
  }

  static of(graph: Graph, outputs: Outputs, options: SessionOptions = {}): Promise<Session> {
    const model = toOnnx(graph, outputs, options.provider);
    return Session.create(model, graph.float === 'float64' ? { optimization: 'basic', ...options } : options);
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  /**
   * Runs the graph.
   * @param into arrays to write outputs into, by output name; their contents are replaced
   *   (onnxruntime-node 1.30 makes a copy for its own result as well, which is dropped here)
   * @throws ForgeError `INVALID_ARGUMENT` on an input that is missing, of another type or shape, or an index out of bounds
   */
  async run(
    inputs: Readonly<Record<string, HostTensor>>,
    into: Readonly<Record<string, HostTensor>> = {},
  ): Promise<Record<string, HostTensor>> {
    const feeds = this.session.inputNames.map((name) => [name, toOrt(inputs[name], name)] as const);
    const fetches = this.session.outputNames.map(
      (name) => [name, into[name] ? toOrt(into[name], name) : null] as const,
    );
    const results = await this.session
      .run(Object.fromEntries(feeds), Object.fromEntries(fetches))
      .catch((error: unknown) => Promise.reject(runError(error)));
    return Object.fromEntries(
      Object.entries(results).map(([name, t]) => [
        name,
        into[name] ?? { dtype: t.type as DType, shape: t.dims, data: t.data as TensorData },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

const GIB = 2 ** 30;

function externalData(externals: ReadonlyMap<string, TensorData>): { path: string; data: Uint8Array }[] {
  return [...externals].map(([path, { buffer, byteOffset, byteLength }]) => ({
    path,
    data: new Uint8Array(buffer, byteOffset, byteLength),
  }));
}

function toOrt(tensor: HostTensor | undefined, name: string): Tensor {
  if (!tensor) throw new ForgeError('INVALID_ARGUMENT', `no value for ${name}`);
  try {
    return new Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape as number[]);
  } catch (error) {
    const given = `${tensor.data.constructor.name} of ${tensor.data.length} for ${tensor.dtype}[${tensor.shape.join(', ')}]`;
    throw new ForgeError('INVALID_ARGUMENT', `${name}: ${given}`, error);
  }
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replace(/\s*\n\s*/g, ' ');
}

/** A model that onnxruntime does not take. */
function loadError(error: unknown): ForgeError {
  return new ForgeError('GRAPH_INVALID', `onnxruntime refuses the graph: ${oneLine(error)}`, error);
}

/** onnxruntime reports every loop around the node that failed; its last status says what is wrong. */
function runError(error: unknown): ForgeError {
  const reason = oneLine(error).split('Status Message: ').at(-1)!;
  const wanted = /allocat\D*(\d+)?/i.exec(reason);
  if (!wanted) return new ForgeError('INVALID_ARGUMENT', `the graph cannot run on these values: ${reason}`, error);
  const size = wanted[1] === undefined ? 'the memory' : `the ${(Number(wanted[1]) / GIB).toFixed(1)} GiB`;
  return new ForgeError(
    'OUT_OF_MEMORY',
    `this machine does not give the graph ${size} that one of its steps needs; make batches, rows or the model smaller`,
    error,
  );
}
