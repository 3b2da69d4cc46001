import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { Graph, type HostTensor, Session, type Value, gradients } from '@agent-forge/tensor';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Weights } from '../weights.js';
import { advantages, rewards } from './advantage.js';
import type { ThoughtRows } from './layout.js';
import { initMixingHead } from './mixing-head.js';
import { type ThoughtWeights, thoughtFields, thoughtLoss } from './objective.js';
import { type ThoughtForm, ThoughtSampler, weightInputs } from './sampler.js';
import { type TalkBatch, talkBatch } from './talk-batch.js';
import { thoughtJudge } from './thought-trainer.js';

const config = tinyConfig({ vocab_size: 10, hidden_size: 16, intermediate_size: 20 });
/** Four symbols to think with. */
const ALPHABET = [1, 2, 3, 4];
const form: ThoughtForm = { tokens: 2, startId: 8, endId: 9, padId: 0, alphabet: ALPHABET };

/** Random weights large enough that nothing is nearly uniform, and a head that is open. */
function weightsOf(seed: number): Weights {
  const all = new Map([...initWeights(config, seed), ...initMixingHead(config.hiddenSize, seed)]);
  return new Map(
    [...all].map(([name, { shape, data }]) => {
      const rng = Rng.derive(seed, 'spread', name);
      return [name, { shape, data: data.map((value) => value + 0.2 * rng.normal()) }] as const;
    }),
  );
}

/** Gradients of the loss, and the loss itself, in float64. */
async function lossIn64(weights: Weights, batch: TalkBatch, advantage: readonly number[], options: ThoughtWeights) {
  const graph = new Graph({ float: 'float64' });
  const feeds: Record<string, HostTensor> = {};
  const input = (name: string, { shape, dtype, data }: HostTensor): Value => {
    const own = dtype === 'float32' ? 'float64' : dtype;
    feeds[name] = { dtype: own, shape, data: dtype === 'float32' ? Float64Array.from(data as Float32Array) : data };
    return graph.input(name, own, shape);
  };
  const floats = (data: readonly number[]): HostTensor => ({
    dtype: 'float32',
    shape: [data.length],
    data: Float32Array.from(data),
  });
  const tensors = new Map([...weights].map(([name, t]) => [name, input(name, { dtype: 'float32', ...t })]));
  const given: Record<string, HostTensor> = {
    ...batch.inputs,
    baseWeights: floats([...batch.counts].map((count, i) => (count * (1 + (i % 3))) / batch.counts.length)),
    talkWeights: floats([...batch.counts].map((count) => count / batch.counts.length)),
    advantage: floats(advantage),
    sampleWeights: floats(advantage.map((_, i) => 0.1 + 0.05 * (i % 4))),
    markWeights: floats(Array.from({ length: batch.shape.marks }, (_, i) => 0.1 + 0.05 * (i % 3))),
  };
  const names = Object.keys(thoughtFields(batch.shape));
  const fields = Object.fromEntries(names.map((name) => [name, input(`batch/${name}`, given[name]!)]));
  const { loss } = thoughtLoss(config, batch.shape, options)(graph, tensors, fields);
  const found = gradients(loss, [...tensors.values()]);
  const outputs = Object.fromEntries(
    [...tensors.keys()].flatMap((name, i) => (found[i] ? [[`grad/${name}`, found[i]]] : [])),
  );
  const session = await Session.of(graph, { loss, ...outputs }, { threads: 1 });
  return { feeds, session };
}

test('the gradient of every parameter of model and mixing head is its central difference, thoughts being frozen', async () => {
  const rng = Rng.derive(1, 'objective');
  const texts = [0, 1].map(() => Array.from({ length: 6 }, () => 1 + rng.int(7)));
  const rows: ThoughtRows = {
    texts,
    anchors: [
      [1, 3],
      [0, 4],
    ],
  };
  const blocks = [8, 0, 0, 9].map((id) => Int32Array.from({ length: 4 }, () => (id === 0 ? rng.pick(ALPHABET) : id)));
  const learnt = texts.map((text) => text.map(() => 1));
  const batch = talkBatch(rows, blocks, 2, learnt, form.padId);
  const advantage = Array.from({ length: batch.shape.samples }, () => rng.normal());
  const options = {
    ...{ base: 0.5, talk: 0.7, alone: 0.3, form: 0.4, policy: 1 },
    ...{ temperature: 1.5, alphabet: ALPHABET, marks: [8, 9] },
  };
  const { feeds, session } = await lossIn64(weightsOf(3), batch, advantage, options);
  const exact = await session.run(feeds);
  const lossNow = async () => (await session.run(feeds))['loss']!.data[0] as number;
  const wrong: string[] = [];
  for (const name of weightsOf(3).keys()) {
    const gradient = Array.from(exact[`grad/${name}`]!.data as Float64Array);
    const floor = 0.01 * Math.max(...gradient.map(Math.abs));
    const data = feeds[name]!.data as Float64Array;
    // Every thirteenth element: each tensor has its turn, in seconds.
    for (let i = 0; i < data.length; i += 13) {
      const x = data[i]!;
      data[i] = x + 1e-5;
      const above = await lossNow();
      data[i] = x - 1e-5;
      const numeric = (above - (await lossNow())) / 2e-5;
      data[i] = x;
      if (!(Math.abs(gradient[i]! - numeric) <= 1e-5 * Math.max(Math.abs(numeric), floor) + 1e-10))
        wrong.push(`${name}[${i}]: ${gradient[i]} instead of ${numeric}`);
    }
  }
  await session.release();
  expect(wrong).toEqual([]);
});

describe('over all sixteen thoughts of two tokens out of four', () => {
  const weights = weightsOf(5);
  const text = [5, 6, 7];
  const rowsOf = (count: number): ThoughtRows => ({
    texts: Array.from({ length: count }, () => text),
    anchors: Array.from({ length: count }, () => [1]),
  });
  const ALL = ALPHABET.flatMap((a) => ALPHABET.map((b) => [a, b] as const));
  const CHECKED = 'model.embed_tokens.weight';

  /** Of each thought: its probability, its reward, and −∂ log p. */
  async function enumerate() {
    const column = (of: (thought: readonly [number, number]) => number) => Int32Array.from(ALL, of);
    const blocks = [column(() => 8), column(([a]) => a), column(([, b]) => b), column(() => 9)];
    const learnt = ALL.map(() => [1, 1, 1]);
    const batch = talkBatch(rowsOf(16), blocks, 1, learnt, form.padId);
    const policy = { temperature: 1, alphabet: ALPHABET };
    const judge = await thoughtJudge(config, weights, batch.shape, policy, undefined, { threads: 1 });
    const { baseNll, talkNll, logProbability } = await judge.run({ ...weightInputs(weights), ...batch.inputs });
    await judge.release();
    const log = Array.from(logProbability!.data as Float32Array);
    const p = ALL.map((_, i) => Math.exp(log[2 * i]! + log[2 * i + 1]!));
    const reward = rewards(
      baseNll!.data as Float32Array,
      talkNll!.data as Float32Array,
      batch.thoughtOf,
      batch.counts,
      16,
    );
    const slopes: number[][] = [];
    const onlyPolicy = { base: 0, talk: 0, policy: 1, ...policy };
    const none = new Array<number>(32).fill(0);
    const { feeds, session } = await lossIn64(weights, batch, none, onlyPolicy);
    const advantage = feeds['batch/advantage']!.data as Float64Array;
    for (let i = 0; i < 16; i++) {
      advantage.fill(0).fill(1, 2 * i, 2 * i + 2);
      slopes.push(Array.from((await session.run(feeds))[`grad/${CHECKED}`]!.data as Float64Array));
    }
    await session.release();
    return { p, reward, slopes };
  }

  test('their probabilities add up to 1, and the gradient that is learnt from drawn ones has the exact one as its mean', async () => {
    const { p, reward, slopes } = await enumerate();
    expect(p.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 5);
    const size = slopes[0]!.length;
    const exact = Array.from({ length: size }, (_, k) =>
      p.reduce((sum, each, i) => sum + each * reward[i]! * slopes[i]![k]!, 0),
    );
    expect(Math.max(...exact.map(Math.abs))).toBeGreaterThan(1e-3);
    const shapes = new Map([...initWeights(config, 5)].map(([name, { shape }]) => [name, shape]));
    const sampler = new ThoughtSampler(config, shapes, form, { threads: 1 });
    const inputs = weightInputs([...weights].filter(([name]) => shapes.has(name)));
    const [sum, squares] = [new Float64Array(size), new Float64Array(size)];
    // In pairs, as two passes over one text: 50,000 draws in all.
    const [rounds, rows] = [50, 1000];
    for (let seed = 0; seed < rounds; seed++) {
      const [, first, second] = await sampler.write(inputs, rowsOf(rows), { temperature: 1, seed });
      const drawn = Array.from(first!, (a, i) => ALL.findIndex(([x, y]) => x === a && y === second![i]));
      const weighed = advantages(
        Float64Array.from(drawn, (i) => reward[i]!),
        { passes: 2, clamp: false },
      );
      for (let pair = 0; pair < rows / 2; pair++) {
        const [a, b] = [pair, pair + rows / 2];
        const [one, two] = [slopes[drawn[a]!]!, slopes[drawn[b]!]!];
        for (let k = 0; k < size; k++) {
          const g = (weighed[a]! * one[k]! + weighed[b]! * two[k]!) / 2;
          sum[k]! += g;
          squares[k]! += g * g;
        }
      }
    }
    await sampler.release();
    const draws = (rounds * rows) / 2;
    exact.forEach((g, k) => {
      const mean = sum[k]! / draws;
      const error = Math.sqrt((squares[k]! / draws - mean * mean) / draws);
      expect(Math.abs(mean - g)).toBeLessThanOrEqual(4 * error + 1e-9);
    });
  });
});
