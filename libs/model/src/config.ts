import { ForgeError } from '@agent-forge/contracts';
import { shown } from './shown.js';
import { type TernaryMark, parseTernaryMark, ternaryMarkJson } from './ternary/mark.js';

/** Position interpolation: every frequency divided by `factor`. */
export interface RopeScalingLinear {
  readonly type: 'linear';
  readonly factor: number;
}

/** The scaling of Llama 3.1: long wavelengths stretched by `factor`, short ones kept, a smooth band between. */
export interface RopeScalingLlama3 {
  readonly type: 'llama3';
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositionEmbeddings: number;
}

/** A Llama-family architecture: what `config.json` says, with its defaults filled in. */
export interface LlamaConfig {
  /** qwen2 is llama with biases on q, k and v; bitnet is llama with a norm before o_proj and one before down_proj. */
  readonly architecture: 'llama' | 'qwen2' | 'bitnet';
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScalingLinear | RopeScalingLlama3 | null;
  readonly maxPositionEmbeddings: number;
  readonly tieWordEmbeddings: boolean;
  /** Biases on the q, k and v projections. */
  readonly attentionBias: boolean;
  readonly bosTokenId: number | null;
  readonly eosTokenId: readonly number[];
  readonly padTokenId: number | null;
  readonly initializerRange: number;
  /** Of the gate; `silu` unless given. `relu2` is the square of relu. */
  readonly activation?: 'silu' | 'relu2';
  /** The mark of a model whose projections are ternary in the forward pass. */
  readonly ternary?: TernaryMark;
  /** Other settings of an imported config.json (`attention_dropout` and the like), written back as they were. */
  readonly extra?: Readonly<Record<string, string | number | boolean>>;
}

/** Caps on one dimension and on depth: far above any model that fits this engine, far below what could exhaust memory. */
const MAX_DIMENSION = 2 ** 24;
const MAX_LAYERS = 1024;

/** A JSON object with typed look-ups whose errors name the key. */
class Reader {
  constructor(
    readonly json: Record<string, unknown>,
    private readonly path = '',
  ) {}

  has(key: string): boolean {
    return Object.hasOwn(this.json, key) && this.json[key] !== null;
  }

  raw(key: string): unknown {
    return this.has(key) ? this.json[key] : undefined;
  }

  fail(key: string, problem: string): never {
    throw new ForgeError('NOT_A_MODEL', `config.json: ${this.path}${key} ${problem}`);
  }

  integer(key: string, fallback?: number, max = MAX_DIMENSION): number {
    const value = this.raw(key) ?? fallback;
    if (value === undefined) this.fail(key, 'is missing');
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > max)
      this.fail(key, `is ${shown(value)}, not a whole number from 1 to ${max}`);
    return value as number;
  }

  positive(key: string, fallback?: number): number {
    const value = this.raw(key) ?? fallback;
    if (value === undefined) this.fail(key, 'is missing');
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      this.fail(key, `is ${shown(value)}, not a positive number`);
    return value as number;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== 'boolean') this.fail(key, `is ${shown(value)}, not true or false`);
    return value as boolean;
  }

  tokenId(key: string, vocabSize: number): number | null {
    const value = this.raw(key);
    // -1 is how the first Llama conversions wrote "none".
    if (value === undefined || value === -1) return null;
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= vocabSize)
      this.fail(key, `is ${shown(value)}, not a token of ${vocabSize}`);
    return value as number;
  }

  /** Refuses keys that are not known: they would change the computation. */
  allow(...keys: readonly string[]): void {
    for (const key of Object.keys(this.json))
      if (this.has(key) && !keys.includes(key)) this.fail(key, `is ${shown(this.json[key])}, which is not supported`);
  }

  object(key: string): Reader | null {
    const value = this.raw(key);
    if (value === undefined) return null;
    if (typeof value !== 'object' || Array.isArray(value)) this.fail(key, 'is not an object');
    return new Reader(value as Record<string, unknown>, `${this.path}${key}.`);
  }
}

/**
 * Reads the keys of transformers 4 and 5.
 * @throws ForgeError `NOT_A_MODEL` naming the key, for anything malformed and for every feature that would change the
 *   computation and is not supported: it is refused, never ignored
 */
export function parseConfig(json: unknown): LlamaConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ForgeError('NOT_A_MODEL', 'config.json is not a JSON object');
  const r = new Reader(json as Record<string, unknown>);
  const architecture = r.raw('model_type');
  if (architecture !== 'llama' && architecture !== 'qwen2' && architecture !== 'bitnet')
    r.fail('model_type', `is ${shown(architecture)}; llama, qwen2 and bitnet can be read`);
  refuseUnsupported(r, architecture === 'qwen2');
  const hiddenSize = r.integer('hidden_size');
  const numHeads = r.integer('num_attention_heads');
  const numKvHeads = r.integer('num_key_value_heads', numHeads);
  if (numHeads % numKvHeads !== 0)
    r.fail('num_key_value_heads', `is ${numKvHeads}, which does not divide the ${numHeads} heads`);
  if (!r.has('head_dim') && hiddenSize % numHeads !== 0)
    r.fail('hidden_size', `is ${hiddenSize}, no multiple of ${numHeads} heads, and there is no head_dim`);
  const headDim = r.integer('head_dim', hiddenSize / numHeads);
  if (headDim % 2 !== 0) r.fail('head_dim', `is ${headDim}; rotary embeddings need an even one`);
  if (architecture === 'bitnet' && headDim * numHeads !== hiddenSize)
    r.fail('head_dim', `is ${headDim}; with ${numHeads} heads bitnet needs ${hiddenSize / numHeads}`);
  const vocabSize = r.integer('vocab_size');
  const config: LlamaConfig = {
    architecture: architecture as LlamaConfig['architecture'],
    vocabSize,
    hiddenSize,
    intermediateSize: r.integer('intermediate_size'),
    numLayers: r.integer('num_hidden_layers', undefined, MAX_LAYERS),
    numHeads,
    numKvHeads,
    headDim,
    rmsNormEps: r.positive('rms_norm_eps', architecture === 'bitnet' ? 1e-5 : 1e-6),
    ...parseRope(r),
    maxPositionEmbeddings: r.integer('max_position_embeddings', architecture === 'qwen2' ? 32_768 : 2048, 2 ** 31),
    tieWordEmbeddings: r.flag('tie_word_embeddings', false),
    attentionBias: architecture === 'qwen2',
    bosTokenId: r.tokenId('bos_token_id', vocabSize),
    eosTokenId: parseEos(r, vocabSize),
    padTokenId: r.tokenId('pad_token_id', vocabSize),
    initializerRange: r.positive('initializer_range', 0.02),
    ...parseActivation(r, architecture === 'bitnet' ? 'relu2' : 'silu'),
    ...parseTernary(r),
  };
  const extra = extraOf(json as Record<string, unknown>, new Set(Object.keys(configToJson(config, 'F32'))));
  return Object.keys(extra).length > 0 ? { ...config, extra } : config;
}

function refuseUnsupported(r: Reader, qwen2: boolean): void {
  if (r.flag('mlp_bias', false)) r.fail('mlp_bias', 'is true, which is not supported');
  if (!qwen2 && r.flag('attention_bias', false))
    r.fail('attention_bias', 'is true, which is not supported for llama (it would also put a bias on o_proj)');
  if (r.flag('use_sliding_window', false))
    r.fail('use_sliding_window', 'is true; sliding-window attention is not supported');
  const layers = r.raw('layer_types');
  if (layers !== undefined && !(Array.isArray(layers) && layers.every((t) => t === 'full_attention')))
    r.fail('layer_types', 'names other layers than full_attention');
}

function parseActivation(r: Reader, fallback: string): Pick<LlamaConfig, 'activation'> {
  const act = r.raw('hidden_act') ?? fallback;
  if (act === 'silu' || act === 'swish') return {};
  return act === 'relu2'
    ? { activation: act }
    : r.fail('hidden_act', `is ${shown(act)}; only silu and relu2 are supported`);
}

function parseTernary(r: Reader): Pick<LlamaConfig, 'ternary'> {
  const source = r.object('quantization_config');
  if (source === null) return {};
  return { ternary: parseTernaryMark(source.json, (key, problem) => source.fail(key, problem)) };
}

function parseEos(r: Reader, vocabSize: number): number[] {
  const value = r.raw('eos_token_id');
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [value];
  for (const id of list)
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
      r.fail('eos_token_id', `has ${shown(id)}, not a token of ${vocabSize}`);
  return list as number[];
}

const PLAIN_ROPE_KEYS = ['rope_theta', 'rope_type', 'type', 'partial_rotary_factor'];
/** `factor` of 1 stands in some files of the default kind. */
const ROPE_KEYS = {
  default: [...PLAIN_ROPE_KEYS, 'factor'],
  linear: [...PLAIN_ROPE_KEYS, 'factor'],
  llama3: [...PLAIN_ROPE_KEYS, 'factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
};

/** `rope_theta` and `rope_scaling` of transformers 4, or `rope_parameters` of transformers 5. */
function parseRope(r: Reader): Pick<LlamaConfig, 'ropeTheta' | 'ropeScaling'> {
  const source = r.object('rope_parameters') ?? r.object('rope_scaling');
  for (const part of [r, source])
    if ((part?.raw('partial_rotary_factor') ?? 1) !== 1)
      part!.fail('partial_rotary_factor', 'is not 1, which is not supported');
  const ropeTheta = (r.object('rope_parameters') ?? r).positive('rope_theta', r.positive('rope_theta', 10_000));
  const type = source?.raw('rope_type') ?? source?.raw('type') ?? 'default';
  if (type === 'default' || type === 'linear' || type === 'llama3') source?.allow(...ROPE_KEYS[type]);
  if (source === null || type === 'default') return { ropeTheta, ropeScaling: null };
  if (type === 'linear') return { ropeTheta, ropeScaling: { type, factor: source.positive('factor') } };
  if (type !== 'llama3') source.fail('rope_type', `is ${shown(type)}; default, linear and llama3 are supported`);
  const low = source.positive('low_freq_factor');
  const high = source.positive('high_freq_factor');
  if (!(high > low)) source.fail('high_freq_factor', `is ${high}, not above low_freq_factor ${low}`);
  return {
    ropeTheta,
    ropeScaling: {
      type: 'llama3',
      factor: source.positive('factor'),
      lowFreqFactor: low,
      highFreqFactor: high,
      originalMaxPositionEmbeddings: source.integer('original_max_position_embeddings'),
    },
  };
}

/** Keys that are about another folder than the one written: who wrote it, where from, and code to run on loading. */
const NOT_KEPT = ['transformers_version', '_name_or_path', '_commit_hash', 'auto_map', 'partial_rotary_factor'];

/** Plain values of keys that mean nothing here and are not written anyway. Lists and objects are left out. */
function extraOf(json: Record<string, unknown>, written: ReadonlySet<string>): NonNullable<LlamaConfig['extra']> {
  const extra: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(json)) {
    if (written.has(key) || NOT_KEPT.includes(key) || key === '__proto__') continue;
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) extra[key] = value as string;
  }
  return extra;
}

const HF_CLASS = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', bitnet: 'BitNetForCausalLM' } as const;
const HF_DTYPE = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' } as const;

/** The `config.json` that transformers 4 and 5 both read: rope and dtype in the spelling of each. */
export function configToJson(c: LlamaConfig, dtype: keyof typeof HF_DTYPE): Record<string, unknown> {
  const scaling = c.ropeScaling && ropeJson(c.ropeScaling);
  return {
    ...c.extra,
    architectures: [HF_CLASS[c.architecture]],
    ...(c.architecture === 'qwen2' ? { use_sliding_window: false } : { attention_bias: false, mlp_bias: false }),
    bos_token_id: c.bosTokenId,
    dtype: HF_DTYPE[dtype],
    eos_token_id: c.eosTokenId.length > 1 ? c.eosTokenId : (c.eosTokenId[0] ?? null),
    head_dim: c.headDim,
    hidden_act: c.activation ?? 'silu',
    hidden_size: c.hiddenSize,
    initializer_range: c.initializerRange,
    intermediate_size: c.intermediateSize,
    max_position_embeddings: c.maxPositionEmbeddings,
    model_type: c.architecture,
    num_attention_heads: c.numHeads,
    num_hidden_layers: c.numLayers,
    num_key_value_heads: c.numKvHeads,
    pad_token_id: c.padTokenId,
    ...(c.ternary && { quantization_config: ternaryMarkJson(c.ternary) }),
    rms_norm_eps: c.rmsNormEps,
    rope_parameters: { rope_theta: c.ropeTheta, ...(scaling ?? { rope_type: 'default' }) },
    rope_scaling: scaling,
    rope_theta: c.ropeTheta,
    tie_word_embeddings: c.tieWordEmbeddings,
    torch_dtype: HF_DTYPE[dtype],
    use_cache: true,
    vocab_size: c.vocabSize,
  };
}

function ropeJson(s: RopeScalingLinear | RopeScalingLlama3): Record<string, unknown> {
  if (s.type === 'linear') return { rope_type: 'linear', factor: s.factor };
  return {
    rope_type: 'llama3',
    factor: s.factor,
    low_freq_factor: s.lowFreqFactor,
    high_freq_factor: s.highFreqFactor,
    original_max_position_embeddings: s.originalMaxPositionEmbeddings,
  };
}
