import { describe, expect, test } from '@jest/globals';
import { chooseCandidate, type ChoiceRule, type Rated } from './choose.js';

const rated = (name: string, sizeBytes: number, divergence: number, low: number, more: Partial<Rated> = {}): Rated => ({
  ...{ name, sizeBytes, divergence, skill: low + 0.01, retention: { estimate: low + 0.01, low, high: low + 0.02 } },
  ...{ source: 'float', isRounding: false, ...more },
});
const RULE: ChoiceRule = { choose: 'smallest', minRetention: 0.99, inputBytes: 1000 };
const TERNARY = { source: 'ternary' };

const choose = (candidates: Rated[], rule: Partial<ChoiceRule> = {}) => {
  const { chosen, isSound, judged } = chooseCandidate(candidates, { ...RULE, ...rule });
  const refusals = Object.fromEntries(judged.flatMap(({ name, refused }) => (refused ? [[name, refused]] : [])));
  return {
    name: chosen.name,
    isSound,
    refusals,
    front: judged.filter((each) => each.isOnFront).map((each) => each.name),
  };
};

describe('the choice', () => {
  const int8 = rated('int8', 500, 0.001, 0.999, { isRounding: true });
  const int4 = rated('int4', 300, 0.01, 0.995, { isRounding: true });
  const vq = rated('vq', 250, 0.02, 0.993);

  test('is the smallest of those that keep enough, or the closest of them', () => {
    const poor = rated('poor', 100, 0.5, 0.9);
    expect(choose([int8, int4, vq, poor])).toMatchObject({ name: 'vq', isSound: true });
    expect(choose([int8, int4, vq, poor], { choose: 'closest' }).name).toBe('int8');
    expect(choose([int8, int4, vq, poor]).refusals).toEqual({
      poor: 'it may keep as little as 90.0 % of the score, below 99.0 %',
    });
  });

  test('refuses what is both larger and worse, and says than what', () => {
    const bad = rated('seedlm', 400, 0.03, 0.991);
    const { name, refusals, front } = choose([int8, int4, vq, bad]);
    expect(name).toBe('vq');
    expect(refusals).toEqual({ seedlm: 'it is larger and worse than int4' });
    expect(front).toEqual(['int8', 'int4', 'vq']);
  });

  test('refuses what rounding does as well in no more bytes, even where more items happen to be right', () => {
    const lucky = rated('vq', 300, 0.011, 0.999);
    expect(choose([int8, int4, lucky]).refusals['vq']).toBe(
      'plain rounding (int4) is as close to the teacher in no more bytes',
    );
    // The rounding of another network says nothing of this one.
    expect(choose([int8, int4, { ...lucky, ...TERNARY }]).refusals).toEqual({});
  });

  test('does not take a model that learnt more than the teacher for a worse one', () => {
    const baked = rated('tq1', 200, 1.5, 0.999, TERNARY);
    const close = rated('vq1', 150, 0.3, 0.4);
    expect(choose([int8, int4, baked, close])).toMatchObject({ name: 'tq1', isSound: true });
  });

  test('refuses what is no smaller than what came in', () => {
    const { isSound, refusals } = choose([rated('f32', 1001, 0, 1, { isRounding: true })]);
    expect(isSound).toBe(false);
    expect(refusals['f32']).toBe('it is no smaller than what came in (1001 of 1000 bytes)');
  });

  test('where none keeps enough, takes the one that keeps most, and says that it is not sound', () => {
    expect(choose([rated('a', 100, 0.1, 0.5), rated('b', 200, 0.05, 0.9)])).toMatchObject({
      name: 'b',
      isSound: false,
    });
  });

  test('takes the one that the recipe names, and says whether a rule speaks for it', () => {
    const poor = rated('poor', 100, 0.5, 0.9);
    expect(choose([int4, poor], { choose: 'poor' })).toMatchObject({ name: 'poor', isSound: false });
    expect(choose([int4, vq], { choose: 'int4' })).toMatchObject({ name: 'int4', isSound: true });
  });

  test('of twins only one is larger and worse than none', () => {
    const twins = [rated('a', 100, 0.1, 0.995), rated('b', 100, 0.1, 0.995)];
    expect(choose(twins)).toMatchObject({ name: 'a', refusals: {} });
  });
});
