import { expect, test } from '@jest/globals';
import type { RunView } from '@agent-forge/contracts';
import type { PhaseReport } from '@agent-forge/phases';
import { summarise, table } from './summary.js';

const phase = (name: string, startedAt: string, endedAt: string) =>
  ({
    phase: name,
    startedAt: `2026-01-01T00:${startedAt}Z`,
    endedAt: `2026-01-01T00:${endedAt}Z`,
  }) as RunView['phases'][0];
const run = {
  id: 'r1',
  requestedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:03:30Z',
  phases: [phase('cognate', '00:01', '02:31'), phase('evomerge', '02:31', '03:29')],
} as RunView;
const report = (name: string, verdicts: string[], bitsPerByte: number): PhaseReport => ({
  phase: name,
  rows: [{ name: 'trunk', bitsPerByte }],
  comparisons: [],
  figures: {},
  verdicts,
});

test('the summary is the table of the last phase, and what each phase may claim', () => {
  const reports = [report('cognate', ['averaging costs nothing'], 2), report('evomerge', ['nobody is beaten'], 1.5)];
  const summary = summarise(run, reports, 'a'.repeat(64), '/models/r1');
  expect(summary).toMatchObject({ run: 'r1', seconds: 210, phaseSeconds: { cognate: 150, evomerge: 58 } });
  expect(table(summary).split('\n')).toEqual([
    'held-out bits per byte (lower is better)',
    '',
    '  trunk  1.500',
    '',
    'cognate (150 s)',
    '  averaging costs nothing',
    'evomerge (58 s)',
    '  nobody is beaten',
  ]);
});
