import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { MarkovChain } from './markov-chain.js';

describe('MarkovChain', () => {
  test('two states: shares and entropy rate in closed form', () => {
    const [leave, comeBack] = [0.3, 0.1];
    const chain = new MarkovChain([
      [1 - leave, leave],
      [comeBack, 1 - comeBack],
    ]);
    const first = comeBack / (leave + comeBack);
    const binary = (p: number): number => -p * Math.log(p) - (1 - p) * Math.log(1 - p);
    expect(chain.stationary[0]).toBeCloseTo(first, 12);
    expect(chain.entropyRate).toBeCloseTo(first * binary(leave) + (1 - first) * binary(comeBack), 12);
  });

  test('even rows have ln n, and one sure successor each has 0', () => {
    expect(MarkovChain.random(Rng.derive(1), 7, 0).entropyRate).toBeCloseTo(Math.log(7), 12);
    const ring = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (j === (i + 1) % 3 ? 1 : 0)));
    expect(new MarkovChain(ring).entropyRate).toBe(0);
  });

  test('random chains: shares are left as they are by a step, and sharper rows have less entropy', () => {
    const rows = [0.5, 1, 2].map((sharpness) => MarkovChain.random(Rng.derive(2, 'chain'), 16, sharpness));
    expect(rows[0]!.entropyRate).toBeGreaterThan(rows[1]!.entropyRate);
    expect(rows[1]!.entropyRate).toBeGreaterThan(rows[2]!.entropyRate);
    for (const chain of rows) expect(chain.stationary.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  test('samples have the shares of the states and the mean surprise of the entropy rate', () => {
    const chain = MarkovChain.random(Rng.derive(3, 'chain'), 8, 1);
    const symbols = chain.sample(Rng.derive(3, 'symbols'), 100_000);
    const pairs = new Map<number, number>();
    const singles = new Map<number, number>();
    for (let i = 1; i < symbols.length; i += 1) {
      const pair = symbols[i - 1]! * 8 + symbols[i]!;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      singles.set(symbols[i - 1]!, (singles.get(symbols[i - 1]!) ?? 0) + 1);
    }
    let surprise = 0;
    for (const [pair, count] of pairs) surprise -= count * Math.log(count / singles.get(Math.floor(pair / 8))!);
    expect(surprise / (symbols.length - 1) / chain.entropyRate).toBeCloseTo(1, 2);
    for (const [state, count] of singles)
      expect(Math.abs(count / symbols.length - chain.stationary[state]!)).toBeLessThan(0.01);
  });

  test('the same seed gives the same chain and text', () => {
    const text = (): string => MarkovChain.random(Rng.derive(4), 5, 1).sample(Rng.derive(5), 50).join('');
    expect(text()).toBe(text());
  });

  test.each([
    [[[0.5, 0.6]], 'row 0'],
    [[[0.5, 0.5], [1]], 'row 1'],
    [
      [
        [1.5, -0.5],
        [0, 1],
      ],
      'row 0',
    ],
  ])('%j is refused', (rows, message) => {
    expect(() => new MarkovChain(rows)).toThrow(message);
  });

  test('a chain that only swings has even shares', () => {
    const swing = new MarkovChain([
      [0, 1],
      [1, 0],
    ]);
    expect([...swing.stationary]).toEqual([0.5, 0.5]);
  });
});
