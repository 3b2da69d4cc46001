import { describe, expect, test } from '@jest/globals';
import { cognate, evomerge } from './registry.js';
import { resolveParams, type Phase } from './phase.js';

const judge = (phase: Phase, metrics: Record<string, number>, params: object = {}) =>
  phase.gate({ artifacts: [], metrics }, resolveParams(phase, params));

describe('the gate', () => {
  test('of cognate keeps back models that predict no better than chance, or were not measured', () => {
    expect(judge(cognate, { worstLoss: 1.2, chanceLoss: 5.6 })).toEqual([]);
    expect(judge(cognate, { worstLoss: 5.7, chanceLoss: 5.6 })).toEqual([
      "the worst model's loss is 5.700, not below chance (5.600)",
    ]);
    expect(judge(cognate, { worstLoss: Number.NaN, chanceLoss: 5.6 })).toHaveLength(1);
    expect(judge(cognate, {})).toHaveLength(1);
  });

  test('of cognate keeps back seeds that do not specialise as far as the recipe asks', () => {
    const metrics = { worstLoss: 1, chanceLoss: 5, specialisation: 0.4 };
    expect(judge(cognate, metrics)).toEqual([]);
    expect(judge(cognate, metrics, { minSpecialisation: 0.5 })).toEqual([
      'specialisation is 0.40, below minSpecialisation 0.5',
    ]);
  });

  test('of cognate keeps back seeds that are right less often than the recipe asks', () => {
    const metrics = { worstLoss: 1, chanceLoss: 5, worstAccuracy: 0.58 };
    expect(judge(cognate, metrics)).toEqual([]);
    expect(judge(cognate, metrics, { minAccuracy: 0.6 })).toEqual([
      "the worst seed's accuracy is 0.58, below minAccuracy 0.6",
    ]);
  });

  test('of evomerge keeps back a merge that is worse than its best parent, or was not compared', () => {
    expect(judge(evomerge, { regression: -0.03 })).toEqual([]);
    expect(judge(evomerge, { regression: 0.05 })).toEqual([
      'the merge is 0.050 worse than its best parent, over maxRegression 0.02',
    ]);
    expect(judge(evomerge, { regression: 0.05 }, { maxRegression: 0.1 })).toEqual([]);
    expect(judge(evomerge, {})).toHaveLength(1);
  });
});
