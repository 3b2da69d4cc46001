import { Rng } from '@agent-forge/contracts';
import { Graph, type HostTensor, Session, type SessionOptions, type TensorData, gather } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { type ParameterRule, llamaHidden, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import { type ThoughtRows, blockPlace, thoughtInputs, thoughtLayout } from './layout.js';

/** What a thought is. */
export interface ThoughtForm {
  /** Tokens between start and end. */
  readonly tokens: number;
  readonly startId: number;
  readonly endId: number;
  readonly padId: number;
  /** The tokens that a thought may consist of; all but the special ones where this is left out. */
  readonly alphabet: readonly number[];
}

/** How thoughts are drawn. */
export interface DrawOptions {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** The seed; each thought draws from a stream of its own, so that its neighbours change nothing. */
  readonly seed: number | string;
}

/** A weight by name, as the session takes it. */
export type WeightInputs = Readonly<Record<string, HostTensor>>;

/** Writes thoughts, all anchors of all rows at the same time, one token after the other. One session for each number of tokens that are there. */
export class ThoughtSampler {
  private readonly sessions = new Map<string, Promise<Session>>();

  /** @param shapes of the weights, by name: they are inputs, since training changes them between two calls */
  constructor(
    private readonly config: LlamaConfig,
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
    private readonly form: ThoughtForm,
    private readonly options: SessionOptions & { readonly rule?: ParameterRule } = {},
  ) {}

  /** The blocks of all thoughts: start, tokens, end; see {@link thoughtInputs}. */
  async write(weights: WeightInputs, rows: ThoughtRows, draw: DrawOptions): Promise<Int32Array[]> {
    const count = thoughtLayout(rows, 0).rows * thoughtLayout(rows, 0).anchors;
    const blocks: Int32Array[] = [new Int32Array(count).fill(this.form.startId)];
    const [only, ...others] = this.form.alphabet;
    for (let token = 0; token < this.form.tokens; token++) {
      // Pauses: where there is nothing to choose, nothing is computed.
      if (only !== undefined && others.length === 0) {
        blocks.push(new Int32Array(count).fill(only));
        continue;
      }
      const logits = await this.lastLogits(weights, rows, blocks);
      blocks.push(this.choose(logits, count, token, draw));
    }
    blocks.push(new Int32Array(count).fill(this.form.endId));
    return blocks;
  }

  /** Logits [rows · anchors, vocabulary] behind the last block. */
  async lastLogits(weights: WeightInputs, rows: ThoughtRows, blocks: readonly Int32Array[]): Promise<Float32Array> {
    const { layout, ...inputs } = thoughtInputs(rows, blocks, this.form.padId);
    const places = Int32Array.from({ length: layout.rows * layout.anchors }, (_, i) => {
      const row = Math.floor(i / layout.anchors);
      return row * layout.width + blockPlace(layout, blocks.length - 1, i % layout.anchors);
    });
    const session = await this.session(layout.rows, layout.width, places.length);
    const { logits } = await session.run({
      ...weights,
      ...inputs,
      places: { dtype: 'int32', shape: [places.length], data: places },
    });
    return logits!.data as Float32Array;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
  }

  private session(rows: number, width: number, count: number): Promise<Session> {
    const key = `${rows}/${width}/${count}`;
    const known = this.sessions.get(key);
    if (known) return known;
    const { rule = parameterRule(this.config), ...options } = this.options;
    const graph = new Graph();
    const tensors = new Map([...this.shapes].map(([name, shape]) => [name, graph.floatInput(name, shape)]));
    const inputIds = graph.input('inputIds', 'int32', [rows, width]);
    const { cos, sin } = rotaryTables(this.config, width);
    const table = (values: Float64Array, name: string) =>
      graph.constant('float32', [width, this.config.headDim / 2], values, name);
    const hidden = llamaHidden(this.config, rule(tensors), inputIds, {
      positions: graph.input('positions', 'int64', [rows, width]),
      mask: graph.floatInput('mask', [rows, 1, width, width]),
      cos: table(cos, 'cos'),
      sin: table(sin, 'sin'),
    });
    const last = gather(hidden, graph.input('places', 'int32', [count]));
    const made = Session.of(graph, { logits: llamaLogits(this.config, rule(tensors), last) }, options);
    this.sessions.set(key, made);
    return made;
  }

  /** Gumbel-max: the likeliest of logits / temperature plus noise is a sample of their softmax. */
  private choose(logits: Float32Array, count: number, token: number, { temperature, seed }: DrawOptions): Int32Array {
    const size = this.config.vocabSize;
    return Int32Array.from({ length: count }, (_, i) => {
      const rng = Rng.derive(seed, 'thought', i, token);
      let [best, chosen] = [-Infinity, this.form.alphabet[0]!];
      for (const id of this.form.alphabet) {
        const noise = temperature === 0 ? 0 : -Math.log(-Math.log(Math.max(rng.float(), Number.MIN_VALUE)));
        const score = logits[i * size + id]! / (temperature || 1) + noise;
        if (score > best) [best, chosen] = [score, id];
      }
      return chosen;
    });
  }
}

/** Weights as inputs of a session. */
export function weightInputs(
  weights: Iterable<readonly [string, { readonly shape: readonly number[]; readonly data: TensorData }]>,
): WeightInputs {
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, { dtype: 'float32', shape, data }]));
}
