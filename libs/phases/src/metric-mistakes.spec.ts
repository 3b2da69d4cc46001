import { describe, expect, test } from '@jest/globals';
import { metricMistakes } from './metric-mistakes.js';
import { cognate, evomerge } from './registry.js';

describe('a gate on a metric', () => {
  test.each([
    [cognate, ['worstLoss', 'specialisation', 'seedReasoningAccuracy', 'seedALoss', 'averageBitsPerByte']],
    [evomerge, ['championAccuracy', 'regression', 'seed2Loss']],
  ])('that a phase can give is taken', (phase, names) => {
    expect(metricMistakes(phase, Object.fromEntries(names.map((name) => [name, { min: 0 }])))).toEqual([]);
  });

  test.each([
    ['championAcuracy', 'is no metric of evomerge; did you mean championAccuracy?'],
    ['seedAccuracy', expect.stringMatching(/^is no metric of evomerge; did you mean /)],
    [
      'nonsense',
      expect.stringMatching(/^is no metric of evomerge; it has evaluations, generations, regression, trunkAccuracy/),
    ],
  ])('%s, which it never gives, is a mistake', (name, problem) => {
    expect(metricMistakes(evomerge, { [name]: {} })).toEqual([{ path: ['gates', name], problem }]);
  });

  test('of a model that the recipe imports is taken', () => {
    expect(metricMistakes(evomerge, { parentALoss: {} }, ['parent-a'])).toEqual([]);
    expect(metricMistakes(evomerge, { parentALoss: {} })).toHaveLength(1);
  });
});
