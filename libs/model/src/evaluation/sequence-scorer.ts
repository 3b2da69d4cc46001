import { ForgeError } from '@agent-forge/contracts';
import {
  Graph,
  type HostTensor,
  type Provider,
  Session,
  argMax,
  cast,
  logSoftmax,
  neg,
  pick,
} from '@agent-forge/tensor';
import { inferenceParameters } from '../network/inference-parameters.js';
import { type ParameterRule, llamaHidden, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import type { Model } from '../weights.js';

/** How a scorer computes. */
export interface ScorerOptions {
  /** Threads of one operation; all processors by default. */
  readonly threads?: number;
  readonly provider?: Provider;
  /** Changes how weights act in the forward pass. */
  readonly rule?: ParameterRule;
  /** Longest sequence; by default the model's `maxPositionEmbeddings`, at most {@link DEFAULT_MAX_LENGTH}. */
  readonly maxLength?: number;
  /** Whether scores have the whole distributions, which take room: the vocabulary times the tokens of a call. */
  readonly distributions?: boolean;
  /** Whether scores have the hidden states. */
  readonly states?: boolean;
}

/** What the model says of the tokens of one sequence after the first. */
export interface SequenceScore {
  /** −log p(token i + 1 | tokens 0 … i), in nats. */
  readonly nll: Float32Array;
  /** The likeliest token after tokens 0 … i. */
  readonly predicted: Int32Array;
  /** log p of every token after tokens 0 … i, one row of the vocabulary after another; only where it was asked for. */
  readonly logProbs?: Float32Array;
  /** What the network knows after tokens 0 … i, behind its final norm, one row of its width after another; only where it was asked for. */
  readonly states?: Float32Array;
}

/** Whatever scores given tokens: a model in memory, or an exported file. */
export interface TokenScorer {
  /** Longest sequence, but for its last token. */
  readonly maxLength: number;
  /** What it says of each sequence, in their order. */
  score(sequences: readonly (readonly number[])[]): Promise<SequenceScore[]>;
}

/** Added to the score of a key that must not be seen: vanishes in softmax and stays finite in sums. */
const MASKED = -1e9;
/** Models that declare 131,072 positions would have rotary tables of many MB that most callers never use. */
export const DEFAULT_MAX_LENGTH = 4096;
/** Enough rows for the products to run at full speed; more leave the processor's cache. */
const TOKENS_PER_CALL = 1024;
/** 256 MB, of which the scorer holds two: logits and their logarithms. */
const LOGITS_PER_CALL = 2 ** 26;

/** Tokens that are best scored in one call. */
export function tokensPerCall({ config }: Model): number {
  return Math.min(TOKENS_PER_CALL, Math.ceil(LOGITS_PER_CALL / config.vocabSize));
}

/**
 * The forward pass of a model that scores given tokens. One session serves batches of any size and length. It blocks its
 * thread while it computes: use it in a worker where that matters.
 */
export class SequenceScorer implements TokenScorer {
  private readonly masks = new Map<number, HostTensor>();

  private constructor(
    private readonly session: Session,
    readonly model: Model,
    readonly maxLength: number,
  ) {}

  /** @throws ForgeError `PROVIDER_MISSING` when the provider cannot start */
  static async create(model: Model, options: ScorerOptions = {}): Promise<SequenceScorer> {
    const { threads, provider, rule } = options;
    const maxLength = options.maxLength ?? Math.min(model.config.maxPositionEmbeddings, DEFAULT_MAX_LENGTH);
    const graph = new Graph();
    const ids = graph.input('inputIds', 'int32', ['batch', 'sequence']);
    const targets = graph.input('targets', 'int32', ['batch', 'sequence']);
    const positions = graph.input('positions', 'int64', ['batch', 'sequence']);
    const mask = graph.floatInput('mask', [1, 1, 'sequence', 'sequence']);
    const tables = rotaryTables(model.config, maxLength);
    const table = (values: Float64Array, name: string) =>
      graph.constant('float32', [maxLength, model.config.headDim / 2], values, name);
    const inputs = { positions, mask, cos: table(tables.cos, 'cos'), sin: table(tables.sin, 'sin') };
    const { parameters, externals } = inferenceParameters(graph, model, rule);
    const states = llamaHidden(model.config, parameters, ids, inputs);
    const logits = llamaLogits(model.config, parameters, states);
    const logProbs = logSoftmax(logits);
    const outputs = {
      nll: neg(pick(logProbs, targets)),
      predicted: cast(argMax(logits), 'int32'),
      ...(options.distributions ? { logProbs } : {}),
      ...(options.states ? { states } : {}),
    };
    const session = await Session.of(graph, outputs, {
      externals,
      ...(threads === undefined ? {} : { threads }),
      ...(provider === undefined ? {} : { provider }),
    });
    return new SequenceScorer(session, model, maxLength);
  }

  /**
   * Scores a batch in one call; shorter sequences are padded at their end, which their own tokens never see.
   * @throws ForgeError `INVALID_ARGUMENT` for a sequence of fewer than two tokens or of more than `maxLength` + 1, or with
   *   a token outside the vocabulary
   * @param more values of the inputs that the scorer's rule put into the graph
   */
  async score(
    sequences: readonly (readonly number[])[],
    more: Readonly<Record<string, HostTensor>> = {},
  ): Promise<SequenceScore[]> {
    if (sequences.length === 0) return [];
    sequences.forEach((ids, i) => this.check(ids, i));
    const batch = sequences.length;
    const length = Math.max(...sequences.map((s) => s.length - 1));
    const [inputIds, targets] = [new Int32Array(batch * length), new Int32Array(batch * length)];
    const positions = new BigInt64Array(batch * length);
    sequences.forEach((ids, row) => {
      for (let i = 0; i + 1 < ids.length; i++) {
        inputIds[row * length + i] = ids[i]!;
        targets[row * length + i] = ids[i + 1]!;
      }
      for (let i = 0; i < length; i++) positions[row * length + i] = BigInt(i);
    });
    const shape = [batch, length];
    const { nll, predicted, logProbs, states } = await this.session.run({
      ...more,
      inputIds: { dtype: 'int32', shape, data: inputIds },
      targets: { dtype: 'int32', shape, data: targets },
      positions: { dtype: 'int64', shape, data: positions },
      mask: this.mask(length),
    });
    const rowOf = <T extends Float32Array | Int32Array>(all: T, row: number, width = 1): T =>
      all.subarray(row * length * width, (row * length + sequences[row]!.length - 1) * width) as T;
    return sequences.map((_, row) => ({
      nll: rowOf(nll!.data as Float32Array, row),
      predicted: rowOf(predicted!.data as Int32Array, row),
      ...(logProbs ? { logProbs: rowOf(logProbs.data as Float32Array, row, this.model.config.vocabSize) } : {}),
      ...(states ? { states: rowOf(states.data as Float32Array, row, this.model.config.hiddenSize) } : {}),
    }));
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  private check(ids: readonly number[], row: number): void {
    const { vocabSize } = this.model.config;
    if (ids.length < 2 || ids.length > this.maxLength + 1)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `sequence ${row} has ${ids.length} tokens; this model scores 2 to ${this.maxLength + 1} at once`,
      );
    const stranger = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
    if (stranger !== undefined)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `sequence ${row} has token ${stranger}, outside the model's vocabulary of ${vocabSize}`,
      );
  }

  /** Causal: 0 on and below the diagonal. Kept for the last length, since most batches have one. */
  private mask(length: number): HostTensor {
    const known = this.masks.get(length);
    if (known) return known;
    const data = Float32Array.from({ length: length * length }, (_, i) =>
      i % length > Math.floor(i / length) ? MASKED : 0,
    );
    const mask: HostTensor = { dtype: 'float32', shape: [1, 1, length, length], data };
    this.masks.clear();
    this.masks.set(length, mask);
    return mask;
  }
}

/** Runs `work` with the given scorer, or with one of its own that is released afterwards. */
export async function withScorer<T>(
  model: Model,
  options: ScorerOptions & { readonly scorer?: TokenScorer },
  work: (scorer: TokenScorer) => Promise<T>,
): Promise<T> {
  if (options.scorer) return work(options.scorer);
  const scorer = await SequenceScorer.create(model, options);
  try {
    return await work(scorer);
  } finally {
    await scorer.release();
  }
}
