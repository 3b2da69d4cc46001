import {
  Graph,
  type HostTensor,
  type Provider,
  Session,
  type Value,
  cachedAttention,
  concat,
  gather,
  reshape,
} from '@agent-forge/tensor';
import { inferenceParameters } from '../network/inference-parameters.js';
import { type AttentionRule, type ParameterRule, llamaHidden, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import type { LlamaConfig } from '../config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Model } from '../weights.js';
import { KvCache, cacheNames } from './kv-cache.js';

/** How a decoder computes. */
export interface DecoderOptions {
  /** Threads of one operation; all processors by default. */
  readonly threads?: number;
  readonly provider?: Provider;
  /** Changes how weights act in the forward pass. */
  readonly rule?: ParameterRule;
  /** Longest sequence, prompt and new tokens; by default the model's `maxPositionEmbeddings`, at most {@link DEFAULT_MAX_CONTEXT}. */
  readonly maxContext?: number;
}

/** Whatever gives the logits of a next token: our own decoder, or an exported file. */
export interface TokenModel {
  readonly model: { readonly config: LlamaConfig; readonly tokenizer: Tokenizer | null };
  /** Longest sequence, prompt and new tokens. */
  readonly maxContext: number;
  /**
   * Runs new tokens through the model and appends their keys and values to the cache.
   * @param ids [batch · steps], row by row; padding is any token
   * @returns logits of the last token of each sequence, [vocabulary] each
   */
  forward(cache: KvCache, ids: Int32Array): Promise<Float32Array[]>;
  release(): Promise<void>;
}

/** Models that declare 131,072 positions would have rotary tables of many MB that most callers never use. */
export const DEFAULT_MAX_CONTEXT = 4096;
/** Added to the score of a key that must not be seen: vanishes in softmax, and a row of nothing else stays finite. */
const MASKED = -1e9;

/**
 * The forward pass of a model over new tokens and a key/value cache, for the logits of the last of them. One session
 * serves prompts of any length and single tokens, in batches of any size. The cache stays on this side: the session
 * reads it in place and returns keys and values of the new tokens only.
 */
export class Decoder implements TokenModel {
  private constructor(
    private readonly session: Session,
    readonly model: Model,
    readonly maxContext: number,
  ) {}

  /** @throws ForgeError `PROVIDER_MISSING` when the provider cannot start */
  static async create(model: Model, options: DecoderOptions = {}): Promise<Decoder> {
    const {
      threads,
      provider,
      maxContext = Math.min(model.config.maxPositionEmbeddings, DEFAULT_MAX_CONTEXT),
    } = options;
    const { graph, outputs, externals } = buildGraph(model, maxContext, options.rule);
    const session = await Session.of(graph, outputs, {
      externals,
      ...(threads === undefined ? {} : { threads }),
      ...(provider === undefined ? {} : { provider }),
    });
    return new Decoder(session, model, maxContext);
  }

  async forward(cache: KvCache, ids: Int32Array): Promise<Float32Array[]> {
    const batch = cache.padding.length;
    const steps = ids.length / batch;
    const { logits, fresh } = await this.session.run({
      ...cache.feeds(),
      inputIds: { dtype: 'int32', shape: [batch, steps], data: ids },
      positions: { dtype: 'int64', shape: [batch, steps], data: cache.positions(steps) },
      mask: maskOf(cache, steps),
      lengths: { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(cache.room), BigInt(steps)) },
      last: { dtype: 'int32', shape: [batch], data: Int32Array.from({ length: batch }, (_, b) => (b + 1) * steps - 1) },
    });
    cache.append(fresh!.data as Float32Array, steps);
    const { vocabSize } = this.model.config;
    const all = logits!.data as Float32Array;
    return cache.padding.map((_, b) => all.subarray(b * vocabSize, (b + 1) * vocabSize));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function buildGraph(model: Model, maxContext: number, rule?: ParameterRule) {
  const { config } = model;
  const graph = new Graph();
  const ids = graph.input('inputIds', 'int32', ['batch', 'steps']);
  const positions = graph.input('positions', 'int64', ['batch', 'steps']);
  const mask = graph.floatInput('mask', ['batch', 1, 'steps', 'room+steps']);
  const lengths = graph.input('lengths', 'int64', [2]);
  const last = graph.input('last', 'int32', ['batch']);
  const past = cacheNames(config).map((name) =>
    graph.floatInput(name, ['batch', config.numKvHeads, 'room', config.headDim]),
  );
  const tables = rotaryTables(config, maxContext);
  const table = (values: Float64Array, name: string): Value =>
    graph.constant('float32', [maxContext, config.headDim / 2], values, name);
  const fresh: Value[] = [];
  const attend: AttentionRule = (layer, q, k, v) => {
    fresh.push(k, v);
    return cachedAttention({ q, k, v, pastK: past[2 * layer]!, pastV: past[2 * layer + 1]!, mask, lengths });
  };
  const { parameters, externals } = inferenceParameters(graph, model, rule);
  const inputs = { positions, mask, cos: table(tables.cos, 'cos'), sin: table(tables.sin, 'sin') };
  const hidden = reshape(llamaHidden(config, parameters, ids, inputs, attend), ['rows', config.hiddenSize]);
  const logits = llamaLogits(config, parameters, gather(hidden, last));
  return { graph, outputs: { logits, fresh: concat(fresh, 0) }, externals };
}

/** [batch, 1, steps, room + steps]: neither padding nor empty room nor a later token is seen. */
function maskOf({ padding, room, length }: KvCache, steps: number): HostTensor {
  const keys = room + steps;
  const data = new Float32Array(padding.length * steps * keys);
  padding.forEach((pad, b) => {
    for (let i = 0; i < steps; i++) {
      const row = data.subarray((b * steps + i) * keys, (b * steps + i + 1) * keys);
      row.fill(MASKED, 0, Math.min(pad, length));
      row.fill(MASKED, length, room + Math.max(0, Math.min(pad - length, i + 1)));
      row.fill(MASKED, room + i + 1);
    }
  });
  return { dtype: 'float32', shape: [padding.length, 1, steps, keys], data };
}
