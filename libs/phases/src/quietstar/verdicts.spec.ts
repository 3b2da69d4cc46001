import { expect, test } from '@jest/globals';
import type { Comparison } from '../shared/report.js';
import { gate } from './gate.js';
import type { QuietstarParams } from './params.js';
import { verdictsOf } from './verdicts.js';

const gain = (than: string, estimate: number, low: number, high: number): Comparison => ({
  name: `thinking − ${than}`,
  better: 'thinking',
  than,
  difference: { estimate, low, high },
});
const CIRCUMSTANCES = { wasTaught: true, reinforced: undefined, regression: undefined };

test('thinking helps only where the interval of every gain is above zero', () => {
  const good = [gain('no-thoughts', 0.5, 0.4, 0.6), gain('pause', 0.4, 0.3, 0.5), gain('shuffled', 0.5, 0.01, 0.6)];
  expect(verdictsOf(good, 'points', CIRCUMSTANCES)[0]).toBe('thinking beats every control');
  const unsure = [...good.slice(0, 2), gain('shuffled', 0.1, 0, 0.2)];
  const told = verdictsOf(unsure, 'points', CIRCUMSTANCES);
  expect(told[0]).toBe('thinking is not shown to help: it does not beat every control');
  expect(told[3]).toBe('thinking cannot be told from shuffled: 10.0 points (95 % interval 0.0 to 20.0)');
  expect(verdictsOf([], 'points', CIRCUMSTANCES)[0]).toMatch(/not shown to help/);
});

test('what reinforcement did and what was lost elsewhere is said as it was measured', () => {
  const of = (low: number, high: number) =>
    verdictsOf([], 'points', { ...CIRCUMSTANCES, reinforced: gain('taught', 0, low, high), regression: 0.02 });
  expect(of(-0.1, 0.1)[2]).toMatch(/^reinforcement kept the taught thoughts, as far as can be told/);
  expect(of(-0.2, -0.1)[2]).toMatch(/^reinforcement made the taught thoughts worse/);
  expect(of(0.1, 0.2)[2]).toMatch(/^reinforcement made the taught thoughts better/);
  expect(of(0, 0)[3]).toBe('the other families lost 2.0 points');
});

test('the gate asks for the gain unless it is kept, and never lets the rest suffer', () => {
  const params = { onNoGain: 'fail', minGain: 0.05, maxRegression: 0.03 } as QuietstarParams;
  expect(gate({ metrics: { gainLow: 0.1, regression: 0 } }, params)).toEqual([]);
  expect(gate({ metrics: { gainLow: 0.05, regression: 0.04 } }, params)).toHaveLength(2);
  expect(gate({ metrics: {} }, params)).toHaveLength(1);
  const keep = { ...params, onNoGain: 'keep' } as QuietstarParams;
  expect(gate({ metrics: { gainLow: -1, regression: 0 } }, keep)).toEqual([]);
  expect(gate({ metrics: { gainLow: -1, regression: 1 } }, keep)).toHaveLength(1);
  expect(gate({ metrics: { gainLow: -1, regression: 1, passedThrough: 1 } }, keep)).toEqual([]);
});
