import { describe, expect, test } from '@jest/globals';
import type { Comparison } from '../shared/report.js';
import type { Measured } from '../shared/yardstick.js';
import { choose } from './choose.js';
import { verdictsOf } from './verdicts.js';

const measured = (accuracies: Record<string, number>) =>
  new Map(
    Object.entries(accuracies).map(([name, estimate]) => {
      const accuracy = { estimate, low: estimate, high: estimate };
      return [name, { tasks: { accuracy, loss: 1, families: {}, correct: new Uint8Array() } } as Measured];
    }),
  );

describe('the choice', () => {
  test('is the arm that is best on the select part', () => {
    expect(choose(measured({ input: 0.5, plain: 0.7, grokfast: 0.6 }), { whenNoGain: 'input' })).toEqual({
      chosen: 'plain',
      best: 'plain',
    });
  });

  test.each([
    ['input', { chosen: 'input', best: 'grokfast', degraded: expect.stringContaining('no arm is better') }],
    ['arm', { chosen: 'grokfast', best: 'grokfast' }],
  ] as const)('where none is better than the input is what the recipe says: %s', (whenNoGain, choice) => {
    expect(choose(measured({ input: 0.6, plain: 0.5, grokfast: 0.6 }), { whenNoGain })).toEqual(choice);
  });

  test('is none where the recipe wants a gain', () => {
    const worse = () => choose(measured({ input: 0.6, plain: 0.5 }), { whenNoGain: 'fail' });
    expect(worse).toThrow(expect.objectContaining({ code: 'GATE_FAILED' }));
  });
});

test('verdicts say what goes on, and nothing that an interval does not allow', () => {
  const comparison = (better: string, than: string, estimate: number, low: number, high: number): Comparison => ({
    name: `${better} − ${than}`,
    better,
    than,
    difference: { estimate, low, high },
  });
  const comparisons = [
    comparison('plain', 'input', 0.05, 0.02, 0.08),
    comparison('grokfast', 'input', 0.01, -0.02, 0.04),
    comparison('grokfast', 'plain', -0.04, -0.06, -0.02),
  ];
  expect(verdictsOf({ chosen: 'plain', best: 'plain' }, comparisons, 'points', 0.4)).toEqual([
    "plain was the best arm on the select part and goes on; on the report part its loss is 40 % lower than the input's",
    'plain beats input by 5.0 points (95 % interval 2.0 to 8.0)',
    'grokfast cannot be told from input: 1.0 points (95 % interval -2.0 to 4.0)',
    'plain beats grokfast by 4.0 points (95 % interval 2.0 to 6.0)',
  ]);
  expect(verdictsOf({ chosen: 'input', best: 'grokfast' }, [], 'points', 0)).toEqual([
    'no arm was better than the input on the select part, not even grokfast: the input goes on',
  ]);
});
