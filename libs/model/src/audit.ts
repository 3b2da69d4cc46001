import { ForgeError } from '@agent-forge/contracts/core';
import type { LlamaConfig } from './config.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';
import { expectedShapes, type LazyWeights, type Weights, type WeightTensor } from './weights.js';

/** One thing that is wrong with a checkpoint. */
export interface AuditFinding {
  readonly kind: 'missing' | 'unexpected' | 'shape' | 'nan' | 'infinite' | 'all-zero' | 'tied' | 'vocabulary';
  /** Name of the tensor; null when it is not about one. */
  readonly tensor: string | null;
  /** First element it is about, in C order; null when it is about all of them. */
  readonly index: number | null;
  /** One line that names tensor, index and reason. */
  readonly message: string;
}

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** Embeddings are padded to a multiple of this by many trainers (PyTorch's `pad_to_multiple_of` is at most this). */
const VOCABULARY_MULTIPLE = 128;
/** Some families reserve more rows: DeepSeek 2.4 %, Qwen2.5-72B 0.3 %. A wrong tokenizer is further off than this. */
const RESERVED_SHARE = 0.05;

/**
 * Everything that can be seen without reading values: each tensor of the configuration is there, in its shape, and no
 * other; the tokenizer fits the embedding (no token without a row; spare rows only as many as padding explains).
 */
export function auditStructure(
  config: LlamaConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  tokenizer: Tokenizer | null = null,
): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const expected = expectedShapes(config);
  for (const [name, shape] of expected) {
    const found = shapes.get(name);
    if (found === undefined) findings.push(finding('missing', name, null, 'is missing'));
    else if (String(found) !== String(shape))
      findings.push(
        finding(
          'shape',
          name,
          null,
          `has the shape [${found.join(', ')}]; the configuration says [${shape.join(', ')}]`,
        ),
      );
  }
  for (const name of shapes.keys())
    if (!expected.has(name) && !(config.tieWordEmbeddings && name === HEAD))
      findings.push(finding('unexpected', name, null, 'is not part of this architecture'));
  if (tokenizer !== null) findings.push(...auditVocabulary(config.vocabSize, tokenizer.vocabSize));
  return findings;
}

function auditVocabulary(rows: number, tokens: number): AuditFinding[] {
  const padded = Math.ceil(tokens / VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE;
  if (tokens <= rows && rows <= Math.max(padded, tokens / (1 - RESERVED_SHARE))) return [];
  return [
    finding(
      'vocabulary',
      EMBEDDING,
      null,
      `has ${rows} rows and the tokenizer ${tokens} tokens; they do not belong together`,
    ),
  ];
}

/** NaN, infinities and all-zero values of one tensor. A bias may be all zero: it begins so. */
export function auditValues(name: string, { shape, data }: WeightTensor): AuditFinding[] {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length)
    return [finding('shape', name, null, `has ${data.length} values and the shape [${shape.join(', ')}]`)];
  const { index, zero } = scan(data);
  if (index >= 0) {
    const value = data[index]!;
    return [finding(Number.isNaN(value) ? 'nan' : 'infinite', name, index, `is ${value} at index ${index}`)];
  }
  return zero && size > 0 && !name.endsWith('.bias') ? [finding('all-zero', name, null, 'is all zero')] : [];
}

/** Bits of infinity; those of NaN are above. */
const INFINITY_BITS = 0x7f800000;

/** Index of the first value that is not finite, or −1, and whether all before it are 0. Works on bits, which is three times as fast. */
function scan(data: Float32Array): { index: number; zero: boolean } {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const length = bits.length;
  let any = 0;
  for (let i = 0; i < length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    any |= magnitude;
    if (magnitude >= INFINITY_BITS) return { index: i, zero: false };
  }
  return { index: -1, zero: any === 0 };
}

/**
 * The audit that follows every phase: structure and values of a whole checkpoint, and where the head is tied but stored
 * all the same, that it equals the embedding. Reads one tensor at a time.
 */
export async function auditWeights(
  config: LlamaConfig,
  weights: Weights | LazyWeights,
  tokenizer: Tokenizer | null = null,
): Promise<AuditFinding[]> {
  const lazy = asLazy(weights);
  const findings = auditStructure(config, lazy.shapes, tokenizer);
  for (const name of lazy.shapes.keys()) findings.push(...auditValues(name, await lazy.read(name)));
  return [...findings, ...(await auditTied(config, lazy))];
}

/** Whether a head that is tied, but stored all the same, equals the embedding. */
export async function auditTied(config: LlamaConfig, { shapes, read }: LazyWeights): Promise<AuditFinding[]> {
  if (!config.tieWordEmbeddings || !shapes.has(HEAD) || !shapes.has(EMBEDDING)) return [];
  const { data: embedding } = await read(EMBEDDING);
  const index = (await read(HEAD)).data.findIndex((value, i) => value !== embedding[i]);
  if (index < 0) return [];
  return [
    finding(
      'tied',
      HEAD,
      index,
      `differs from ${EMBEDDING} at index ${index}, but config.json says that they are tied`,
    ),
  ];
}

/** @throws ForgeError `AUDIT_FAILED` with the first finding and how many more there are; returns when there is none */
export function assertAudit(findings: readonly AuditFinding[], where = 'the checkpoint'): void {
  const [first, ...more] = findings;
  if (first === undefined) return;
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw new ForgeError('AUDIT_FAILED', `${where}: ${first.message}${rest}`);
}

/** Weights in memory behind the interface of those that are read on demand. */
export function asLazy(weights: Weights | LazyWeights): LazyWeights {
  if (!(weights instanceof Map)) return weights;
  return {
    shapes: new Map([...weights].map(([name, { shape }]) => [name, shape])),
    read: async (name) => weights.get(name)!,
  };
}

function finding(kind: AuditFinding['kind'], tensor: string, index: number | null, problem: string): AuditFinding {
  return { kind, tensor, index, message: `tensor ${tensor} ${problem}` };
}
