import { expect, test } from '@jest/globals';
import type { RunView } from '@agent-forge/contracts';
import { summarise, table } from './summary.js';

const metrics = {
  mergedBitsPerByte: 1.845,
  seed2BitsPerByte: 1.885,
  seed1BitsPerByte: 1.8834,
  trunkBitsPerByte: 1.927,
  threeGramBitsPerByte: 2.698,
  oneGramBitsPerByte: 4.483,
  somethingElse: 1,
};
const run = {
  id: 'r1',
  status: 'completed',
  requestedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:01:30.500Z',
  phases: [{ phase: 'evomerge', metrics }],
} as unknown as RunView;

test('the figures of a run, in the order of the table', () => {
  const summary = summarise(run, 'a1', '/models/r1');
  expect(JSON.stringify(summary)).toBe(
    '{"run":"r1","bitsPerByte":{"oneGram":4.483,"threeGram":2.698,"trunk":1.927,"seed1":1.8834,"seed2":1.885,"merged":1.845},' +
      '"model":"/models/r1","artifactId":"a1","seconds":90.5}',
  );
  expect(table(summary).split('\n')).toEqual([
    'held-out bits per byte (lower is better)',
    '',
    '  one-gram baseline      4.483',
    '  three-gram baseline    2.698',
    '  trunk                  1.927',
    '  seed 1                 1.883',
    '  seed 2                 1.885',
    '  merge of the seeds     1.845',
  ]);
});

test('a run that lacks a figure is no success', () => {
  const { trunkBitsPerByte: _, ...rest } = metrics;
  const broken = { ...run, phases: [{ ...run.phases[0]!, metrics: rest }] };
  expect(() => summarise(broken, 'a1', '/models/r1')).toThrow(/no measure of trunk/);
});
