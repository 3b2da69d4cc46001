import { hashFraction, solveModular } from '@agent-forge/data';
import {
  initWeights,
  parseConfig,
  SequenceScorer,
  trainLanguageModel,
  type BatchSource,
  type Model,
  type OptimizerOptions,
  type Weights,
} from '@agent-forge/model';
import { ForgeError, Rng } from '@agent-forge/contracts';

/** One training of the bench of Grokfast: x · y modulo a prime, out of a part of all pairs (Lee et al. 2024, arXiv:2405.20233, section 4.1). */
export interface GrokkingRun {
  readonly modulus: number;
  readonly optimizer: OptimizerOptions;
  readonly seed: number;
  readonly maxSteps: number;
  /** Part of the pairs that is trained on. */
  readonly trainShare: number;
  /** Pairs of a step. */
  readonly rows: number;
  readonly hiddenSize: number;
  /** Steps from one measurement to the next. */
  readonly every: number;
  readonly threads: number;
  /** Standard deviations of the first matrices, and of the first embedding: small ones generalise early (Liu et al. 2023, arXiv:2210.01117). */
  readonly initializerRange: number;
  readonly embeddingRange: number;
  readonly onMeasured?: (at: GrokkingPoint) => void;
}

/** How many pairs are answered right at a step. */
export interface GrokkingPoint {
  readonly step: number;
  readonly train: number;
  readonly validation: number;
}

/** What came of it. */
export interface Grokking {
  /** Steps until so many of the pairs that were trained on, or held out, were right; missing where that was not reached. */
  readonly trainSteps: number | undefined;
  readonly validationSteps: number | undefined;
  readonly curve: readonly GrokkingPoint[];
}

/** What counts as learnt. */
export const LEARNT = 0.95;
const LAYERS = 2;
const HEADS = 4;
const EMBEDDING = 'model.embed_tokens.weight';
/** x, ·, y, = and the answer. */
const LENGTH = 4;

type Pair = readonly [x: number, operation: number, y: number, equals: number, answer: number];

/** Trains until the held-out pairs are learnt, or for `maxSteps`. */
export async function grok(run: GrokkingRun): Promise<Grokking> {
  const { train, validation } = pairsOf(run);
  const model = modelOf(run);
  const curve: GrokkingPoint[] = [];
  const stop = new AbortController();
  const measure = async (step: number, weights: Weights): Promise<void> => {
    const scorer = await SequenceScorer.create({ ...model, weights }, { threads: run.threads, maxLength: LENGTH });
    const at = { step, train: await shareRight(scorer, train), validation: await shareRight(scorer, validation) };
    await scorer.release();
    curve.push(at);
    run.onMeasured?.(at);
    if (at.validation >= LEARNT) stop.abort();
  };
  const { optimizer, maxSteps: steps, threads, every } = run;
  const source = sourceOf(train, run);
  const interlude = { every, run: measure };
  try {
    const last = await trainLanguageModel({ model, source, steps, optimizer, threads, interlude, signal: stop.signal });
    await measure(steps, last.model.weights);
  } catch (error) {
    if (ForgeError.from(error).code !== 'CANCELLED') throw error;
  }
  const reached = (part: 'train' | 'validation') => curve.find((at) => at[part] >= LEARNT)?.step;
  return { trainSteps: reached('train'), validationSteps: reached('validation'), curve };
}

/** All pairs but those with y = 0, in two parts that never meet: by the hash of the pair, the same for every seed. */
export function pairsOf({ modulus, trainShare }: Pick<GrokkingRun, 'modulus' | 'trainShare'>): {
  train: Pair[];
  validation: Pair[];
} {
  const parts = { train: [] as Pair[], validation: [] as Pair[] };
  for (let a = 0; a < modulus; a += 1) {
    for (let b = 1; b < modulus; b += 1) {
      const answer = solveModular({ a, b, operation: '*', modulus });
      const part = hashFraction(`mod ${modulus} ${a}*${b}`) < trainShare ? 'train' : 'validation';
      parts[part].push([a, modulus, b, modulus + 1, answer]);
    }
  }
  return parts;
}

function modelOf({ modulus, hiddenSize, seed, initializerRange, embeddingRange }: GrokkingRun): Model {
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: modulus + 2,
    hidden_size: hiddenSize,
    intermediate_size: 4 * hiddenSize,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    max_position_embeddings: LENGTH,
    initializer_range: initializerRange,
    tie_word_embeddings: false,
  });
  const weights = initWeights(config, seed);
  const { shape, data } = weights.get(EMBEDDING)!;
  weights.set(EMBEDDING, { shape, data: data.map((value) => (embeddingRange / initializerRange) * value) });
  return { config, weights, tokenizer: null };
}

/** Random pairs of the train part with the loss on the answer alone. */
function sourceOf(pairs: readonly Pair[], { rows, seed }: GrokkingRun): BatchSource {
  return {
    rows,
    length: LENGTH,
    packed: false,
    batch(k) {
      const rng = Rng.derive(seed, 'grokking', k);
      const drawn = Array.from({ length: rows }, () => rng.pick(pairs));
      const each = <T>(place: (pair: Pair, i: number) => T): T[] =>
        drawn.flatMap((pair) => Array.from({ length: LENGTH }, (_, i) => place(pair, i)));
      return {
        inputIds: Int32Array.from(each((pair, i) => pair[i]!)),
        targets: Int32Array.from(each((pair, i) => pair[i + 1]!)),
        lossMask: Float32Array.from(each((_, i) => (i === LENGTH - 1 ? 1 : 0))),
        positionIds: Int32Array.from(each((_, i) => i)),
        segmentIds: new Int32Array(rows * LENGTH),
      };
    },
  };
}

async function shareRight(scorer: SequenceScorer, pairs: readonly Pair[]): Promise<number> {
  const scores = await scorer.score(pairs);
  return scores.filter(({ predicted }, i) => predicted[LENGTH - 1] === pairs[i]![LENGTH]).length / pairs.length;
}
