import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { tuneMixture } from './interpolation.js';
import { MarkovChain } from './markov-chain.js';
import { ByteNgram } from './ngram.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('interpolated n-grams', () => {
  const train = [bytes('the cat sat on the mat. the dog sat too. '), bytes('a rat ate the oat.')];
  const select = [bytes('the rat sat on the cat.')];

  test.each([1, 2, 3, 5])('order %d is a distribution after any context, seen or not', (order) => {
    const model = new ByteNgram(order, train, select);
    for (const context of ['', 't', 'th', 'the c', 'xyz', 'tzx', 'zxt', '\xff\x00']) {
      const block = bytes(context);
      let sum = 0;
      for (let byte = 0; byte < 256; byte += 1) sum += model.probability(block, block.length, byte);
      expect(sum).toBeCloseTo(1, 10);
    }
  });

  test('a one-gram is the tuned mixture of shares and the uniform distribution, by hand', () => {
    // Train: a 3/4, b 1/4. Select: a, b, and c, which only the uniform part explains: its weight λ solves
    // 3 = Σ λ/256 / P(x), with P(a) = (1 − λ)·3/4 + λ/256, P(b) = (1 − λ)/4 + λ/256, P(c) = λ/256 (the fixed point of EM).
    const model = new ByteNgram(1, [bytes('aaab')], [bytes('abc')]);
    const p = (byte: string): number => model.probability(bytes(''), 0, byte.charCodeAt(0));
    const lambda = p('c') * 256;
    expect(lambda / 256 / p('a') + lambda / 256 / p('b') + 1).toBeCloseTo(3 * lambda, 6);
    expect(p('a')).toBeCloseTo((1 - lambda) * 0.75 + lambda / 256, 12);
    expect(model.bitsPerByte([bytes('ab')])).toBeCloseTo(-(Math.log2(p('a')) + Math.log2(p('b'))) / 2, 12);
  });

  test('contexts do not reach from one block into the next', () => {
    const one = new ByteNgram(3, [bytes('xyxyxyab'), bytes('cdxyxyxy')], [bytes('xyxy')]);
    const inside = one.probability(bytes('ab'), 2, 'c'.charCodeAt(0));
    const joined = new ByteNgram(3, [bytes('xyxyxyabcdxyxyxy')], [bytes('xyxy')]);
    expect(inside).toBeLessThan(joined.probability(bytes('ab'), 2, 'c'.charCodeAt(0)) / 10);
  });

  test('on text of a first-order chain two-grams reach its entropy rate, and no order goes below', () => {
    const chain = MarkovChain.random(Rng.derive(1, 'ngram.spec'), 12, 0.9);
    const text = (name: string, length: number): Uint8Array[] => {
      const rng = Rng.derive(1, 'ngram.spec', name);
      return Array.from({ length: 20 }, () => Uint8Array.from(chain.sample(rng, length / 20)));
    };
    const report = text('report', 100_000);
    const bits = [1, 2, 3].map((order) =>
      new ByteNgram(order, text('train', 200_000), text('select', 40_000)).bitsPerByte(report),
    );
    const floor = chain.entropyRate / Math.LN2;
    const oneGramFloor = -chain.stationary.reduce((sum, p) => sum + p * Math.log2(p), 0);
    expect(bits[0]! / oneGramFloor).toBeCloseTo(1, 2);
    expect(bits[1]! / floor).toBeLessThan(1.01);
    expect(bits[2]! / floor).toBeLessThan(1.02);
    for (const value of bits) expect(value / floor).toBeGreaterThan(0.99);
  });

  test.each([0, 6, 1.5])('order %d is refused', (order) => {
    expect(() => new ByteNgram(order, train, select)).toThrow('1 to 5');
  });

  test('empty texts are refused', () => {
    expect(() => new ByteNgram(1, [], select)).toThrow('needs text');
    expect(() => new ByteNgram(1, train, [bytes('')])).toThrow('needs text');
    expect(() => new ByteNgram(1, train, select).bitsPerByte([])).toThrow('some text');
  });
});

describe('mixture weights', () => {
  const rng = Rng.derive(2, 'mixture');
  const observations = Array.from({ length: 2000 }, () => {
    const good = rng.float();
    return { probabilities: [0.1, good, good * rng.float()], weightClass: rng.int(2) };
  });
  const logLikelihood = (weights: number[][]): number =>
    observations.reduce((sum, { probabilities, weightClass }) => {
      const p = probabilities.reduce((total, share, j) => total + share * weights[weightClass]![j]!, 0);
      return sum + Math.log(p);
    }, 0);

  test('rise in likelihood with every round, and have settled after forty', () => {
    const found = Array.from({ length: 40 }, (_, rounds) => logLikelihood(tuneMixture(observations, 3, 2, rounds)));
    found.forEach((value, i) => expect(i === 0 || value >= found[i - 1]! - 1e-6).toBe(true));
    const settled = logLikelihood(tuneMixture(observations, 3, 2, 400));
    expect(Math.abs(logLikelihood(tuneMixture(observations, 3, 2)) / settled - 1)).toBeLessThan(1e-3);
  });

  test('are even in a class without observations', () => {
    expect(tuneMixture(observations, 3, 3)[2]).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });
});
