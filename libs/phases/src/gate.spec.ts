import { describe, expect, test } from '@jest/globals';
import { cognate, evomerge } from './registry.js';
import { resolveParams, type Phase } from './phase.js';

const judge = (phase: Phase, metrics: Record<string, number>) =>
  phase.gate({ artifacts: [], metrics }, resolveParams(phase, {}));

describe('the gate', () => {
  test('of cognate keeps back models that predict no better than chance', () => {
    expect(judge(cognate, { trunkBitsPerByte: 2.1, seed1BitsPerByte: 2.0, trunkSteps: 500 })).toEqual([]);
    expect(judge(cognate, { trunkBitsPerByte: 2.1, seed1BitsPerByte: 8.3 })).toEqual([
      'seed1BitsPerByte is 8.3, not below 8 (chance)',
    ]);
    expect(judge(cognate, { trunkBitsPerByte: Number.NaN })).toHaveLength(1);
  });

  test('of evomerge keeps back a merge that predicts no better than chance, or was not measured', () => {
    expect(judge(evomerge, { mergedBitsPerByte: 2 })).toEqual([]);
    expect(judge(evomerge, { mergedBitsPerByte: 9 })).toHaveLength(1);
    expect(judge(evomerge, {})).toHaveLength(1);
  });
});
