import { expect, test } from '@jest/globals';
import type { PhaseReport, ReportRow } from '@agent-forge/phases';
import { table, type PhaseSummary } from './summary.js';

const phase = (name: string, seconds: number, rows: readonly ReportRow[], extra: object = {}): PhaseSummary => {
  const report: PhaseReport = {
    phase: name,
    rows,
    comparisons: [],
    figures: {},
    verdicts: [`${name} is right`],
    ...extra,
  };
  return { phase: name, seconds, report };
};
const tableOf = (...phases: PhaseSummary[]) =>
  table({ run: 'r1', phases, model: '/models/r1', artifactId: 'a'.repeat(64), seconds: 210 }).split('\n');
const share = (estimate: number) => ({ estimate, low: estimate - 0.02, high: estimate + 0.02 });
const onTasks = (name: string, estimate: number, sizeBytes: number): ReportRow => {
  const families = { add: { accuracy: share(estimate), loss: 0.1, items: 9 } };
  return { name, accuracy: share(estimate), loss: 0.25, perplexity: 1.284, families, sizeBytes };
};

test('shows each phase with its gate, all that it measured and what it may claim, and then what every phase passed on', () => {
  const lines = tableOf(
    phase('cognate', 150, [onTasks('trunk', 0.5, 5e6), onTasks('seed-speed', 0.6, 5e6)], { results: ['seed-speed'] }),
    { ...phase('bitnet', 58.4, [onTasks('ternary', 0.7, 4e5)], { results: ['ternary'] }), degraded: 'plain, because' },
  );
  expect(lines).toEqual([
    'cognate (150 s, gate passed)',
    '',
    'held-out accuracy, % (± half of its 95 % interval)',
    '',
    '                  trunk      speed',
    '  add         50.0 ±2.0  60.0 ±2.0',
    '  all         50.0 ±2.0  60.0 ±2.0',
    '  loss            0.250      0.250',
    '  perplexity      1.284      1.284',
    '  size           5.0 MB     5.0 MB',
    '',
    '  cognate is right',
    '',
    'bitnet (58 s, degraded: plain, because)',
    '',
    'held-out accuracy, % (± half of its 95 % interval)',
    '',
    '                ternary',
    '  add         70.0 ±2.0',
    '  all         70.0 ±2.0',
    '  loss            0.250',
    '  perplexity      1.284',
    '  size         400.0 kB',
    '',
    '  bitnet is right',
    '',
    'what each phase passed on',
    '',
    'held-out accuracy, % (± half of its 95 % interval)',
    '',
    '                cognate     bitnet',
    '  add         60.0 ±2.0  70.0 ±2.0',
    '  all         60.0 ±2.0  70.0 ±2.0',
    '  loss            0.250      0.250',
    '  perplexity      1.284      1.284',
    '  size           5.0 MB   400.0 kB',
  ]);
});

test('what a later phase measured as well stands there', () => {
  const first = phase('cognate', 1, [onTasks('trunk', 0.5, 1e6)], { results: ['trunk'] });
  const lines = tableOf(first, phase('evomerge', 1, [onTasks('trunk', 0.5, 1e6), onTasks('champion', 0.6, 1e6)]));
  expect(lines.slice(0, 4)).toEqual(['cognate (1 s, gate passed)', '', '  cognate is right', '']);
  expect(lines).toContain('                  trunk   champion');
});

test('several models that go on keep their names, and text is measured in bits per byte', () => {
  const rows = [
    { name: 'three-gram', bitsPerByte: 2.5 },
    { name: 'seed-a', bitsPerByte: 2 },
    { name: 'seed-b', bitsPerByte: 1.9 },
  ];
  expect(tableOf(phase('cognate', 1, rows, { results: ['seed-a', 'seed-b'] })).slice(2)).toEqual([
    'held-out bits per byte (lower is better)',
    '',
    '  three-gram  2.500',
    '  seed-a      2.000',
    '  seed-b      1.900',
    '',
    '  cognate is right',
    '',
    'what each phase passed on',
    '',
    'held-out bits per byte (lower is better)',
    '',
    '  seed-a  2.000',
    '  seed-b  1.900',
  ]);
});
