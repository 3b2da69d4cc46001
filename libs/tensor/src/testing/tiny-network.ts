import { Rng } from '@agent-forge/contracts';
import { type FloatType, type TensorData, fromNumbers } from '../ir/dtype.js';
import type { Value } from '../ir/graph.js';
import { add } from '../ops/add.js';
import { attention } from '../ops/attention.js';
import { gather } from '../ops/gather.js';
import { logSoftmax } from '../ops/log-softmax.js';
import { matmul } from '../ops/matmul.js';
import { mul } from '../ops/mul.js';
import { neg } from '../ops/neg.js';
import { pick } from '../ops/pick.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { reshape } from '../ops/reshape.js';
import { rmsNorm } from '../ops/rms-norm.js';
import { rotary } from '../ops/rotary.js';
import { swiglu } from '../ops/swiglu.js';
import { transpose } from '../ops/transpose.js';
import type { Parameter } from '../optim/optimizer.js';
import type { TrainProgramOptions } from '../training/program.js';
import type { StepBatch } from '../training/train-loop.js';
import { count, uniform } from './operand.js';

/** Sizes of the network: one decoder layer with every op that a Llama needs, grouped heads and a tied head included. */
const [VOCABULARY, WIDTH, HEADS, KV_HEADS, HEAD, FFN] = [13, 8, 4, 2, 4, 12];
export const LENGTH = 6;
const MASKED = -1e9;

const matrix = (name: string, rows: number, columns: number): Parameter => ({
  name,
  shape: [rows, columns],
  role: 'matrix',
});
const gain = (name: string): Parameter => ({ name, shape: [WIDTH], role: 'vector' });

export const PARAMETERS: readonly Parameter[] = [
  { name: 'embed', shape: [VOCABULARY, WIDTH], role: 'embedding' },
  gain('norm1'),
  matrix('q', HEADS * HEAD, WIDTH),
  matrix('k', KV_HEADS * HEAD, WIDTH),
  matrix('v', KV_HEADS * HEAD, WIDTH),
  matrix('o', WIDTH, HEADS * HEAD),
  gain('norm2'),
  matrix('gate', FFN, WIDTH),
  matrix('up', FFN, WIDTH),
  matrix('down', WIDTH, FFN),
  gain('norm3'),
];

/** Batch fields of `rows` sequences; the weights of one optimiser step add up to 1. */
export function batchFields(rows: number): TrainProgramOptions['batch'] {
  const ids = { dtype: 'int32', shape: [rows, LENGTH] } as const;
  return { ids, targets: ids, weights: { dtype: 'float32', shape: [rows, LENGTH] } };
}

export function initial(float: FloatType = 'float32'): Map<string, TensorData> {
  return new Map(
    PARAMETERS.map(({ name, shape, role }) => {
      const values = uniform(`tiny ${name}`, shape, role === 'vector' ? [0.5, 1.5] : [-0.5, 0.5]).values;
      // The same float32 numbers in both types, so that the two can be compared.
      return [name, fromNumbers(float, values.map(Math.fround))] as const;
    }),
  );
}

/** Batch `k` of `rows` sequences: seeded ids, about a third of the targets masked. */
export function batch(k: number, rows: number): StepBatch {
  const rng = Rng.derive(1, 'tiny batch', k);
  const n = rows * LENGTH;
  const ids = () => Int32Array.from({ length: n }, () => rng.int(VOCABULARY));
  const kept = Float32Array.from({ length: n }, () => Number(rng.float() > 0.35));
  const total = kept.reduce((a, b) => a + b, 0);
  return { ids: ids(), targets: ids(), weights: kept.map((w) => w / total) };
}

/** Token-weighted cross-entropy of the network. */
export function tinyLoss(rows: number): TrainProgramOptions['loss'] {
  return (graph, p, { ids, targets, weights }) => {
    const w = (name: string): Value => p.get(name)!;
    const linear = (name: string, x: Value): Value => matmul(x, w(name), { transB: true });
    const table = (f: (x: number) => number) =>
      Array.from({ length: (LENGTH * HEAD) / 2 }, (_, i) =>
        f(Math.floor(i / (HEAD / 2)) * 10 ** ((-2 * (i % (HEAD / 2))) / HEAD)),
      );
    const [cos, sin] = [Math.cos, Math.sin].map((f) => graph.constant(graph.float, [LENGTH, HEAD / 2], table(f)));
    const positions = graph.constant(
      'int64',
      [rows, LENGTH],
      Array.from({ length: rows * LENGTH }, (_, i) => i % LENGTH),
    );
    const causal = Array.from({ length: LENGTH * LENGTH }, (_, i) =>
      i % LENGTH > Math.floor(i / LENGTH) ? MASKED : 0,
    );
    const mask = graph.constant(graph.float, [LENGTH, LENGTH], causal);
    const heads = (x: Value, n: number): Value => transpose(reshape(x, [rows, LENGTH, n, HEAD]), [0, 2, 1, 3]);
    const turned = (x: Value, n: number): Value => rotary(heads(x, n), positions, cos!, sin!);

    const x = reshape(gather(w('embed'), ids!), [rows * LENGTH, WIDTH]);
    const n1 = rmsNorm(x, w('norm1'), 1e-5);
    const seen = attention({
      q: turned(linear('q', n1), HEADS),
      k: turned(linear('k', n1), KV_HEADS),
      v: heads(linear('v', n1), KV_HEADS),
      mask,
    });
    const h = add(x, linear('o', reshape(transpose(seen, [0, 2, 1, 3]), [rows * LENGTH, HEADS * HEAD])));
    const n2 = rmsNorm(h, w('norm2'), 1e-5);
    const y = add(h, linear('down', swiglu(linear('gate', n2), linear('up', n2))));
    const logits = linear('embed', rmsNorm(y, w('norm3'), 1e-5));
    const nll = neg(pick(logSoftmax(logits), reshape(targets!, [rows * LENGTH])));
    const total = reduceSum(mul(nll, reshape(weights!, [rows * LENGTH])));
    return { loss: total, metrics: { plainSum: reduceSum(nll) } };
  };
}

/** Number of trained elements. */
export const ELEMENTS = PARAMETERS.reduce((n, p) => n + count(p.shape), 0);
