import { expect, test } from '@jest/globals';
import type { FamilyScore, PhaseReport } from '@agent-forge/phases';
import { reportTable } from './report-table.js';

const share = (estimate: number, half: number) => ({ estimate, low: estimate - half, high: estimate + half });
const score = (estimate: number): FamilyScore => ({ accuracy: share(estimate, 0.04), loss: 0.1, items: 200 });
const report = (rows: PhaseReport['rows']): PhaseReport => ({
  phase: 'evomerge',
  rows,
  comparisons: [],
  figures: {},
  verdicts: [],
});

test('a report of task families is a column for each model and a line for each family', () => {
  const rows = [
    { name: 'trunk', accuracy: share(0.6, 0.02), families: { add: score(0.5), sort: score(0.7) } },
    { name: 'seed-reasoning', accuracy: share(0.805, 0.013), families: { add: score(1) } },
  ];
  expect(reportTable(report(rows))).toEqual([
    'held-out accuracy, % (± half of its 95 % interval)',
    '',
    '            trunk   reasoning',
    '  add   50.0 ±4.0  100.0 ±4.0',
    '  sort  70.0 ±4.0           -',
    '  all   60.0 ±2.0   80.5 ±1.3',
  ]);
});

test('a report of text is a line for each row; what was not measured is left out', () => {
  const rows = [
    { name: 'three-gram', bitsPerByte: 2.698 },
    { name: 'trunk', bitsPerByte: 1.9271 },
    { name: 'unmeasured' },
  ];
  expect(reportTable(report(rows))).toEqual([
    'held-out bits per byte (lower is better)',
    '',
    '  three-gram  2.698',
    '  trunk       1.927',
  ]);
  expect(reportTable(report([]))).toEqual([]);
});

test('rates have a table of their own, with a dash where there is nothing to measure', () => {
  const scores = [
    {
      title: 'how far each is followed',
      columns: ['marker', 'call'],
      rows: [
        { name: 'before', scores: [share(0, 0), null] },
        { name: 'after', scores: [share(0.95, 0.02), share(1, 0)] },
      ],
    },
  ];
  expect(reportTable({ ...report([]), scores })).toEqual([
    'how far each is followed, %',
    '',
    '             marker        call',
    '  before   0.0 ±0.0           -',
    '  after   95.0 ±2.0  100.0 ±0.0',
  ]);
});

test('agents and what earlier phases proved have tables too', () => {
  const agents = [
    { name: 'answer (greedy)', accuracy: share(0.9, 0.02), selected: 0.9, tokens: 20, isOnFront: true, isChosen: true },
    { name: 'vote', accuracy: share(0.8, 0.02), selected: null, tokens: 100.25, isOnFront: false, isChosen: false },
  ];
  const figure = { value: share(0.9, 0.01), control: share(0.5, 0.01) };
  const claim = { phase: 'bitnet', metric: 'accuracy', control: 'parent', unit: 'share' as const, then: figure };
  const claims = [
    { ...claim, now: figure, gained: true },
    { ...claim, now: { ...figure, value: share(0.5, 0.01) }, gained: true, lostBy: 'training' },
    { ...claim, now: 'it stays behind', gained: false },
  ];
  expect(reportTable({ ...report([]), agents, claims })).toEqual([
    'agents on fresh items (* goes on)',
    '',
    '                     accuracy, %  tokens',
    '  answer (greedy) *    90.0 ±2.0    20.0',
    '  vote                 80.0 ±2.0   100.3',
    '',
    'what each phase proved, and on the final model',
    '',
    '                                         then    control        now    control',
    '  bitnet: accuracy, against parent  90.0 ±1.0  50.0 ±1.0  90.0 ±1.0  50.0 ±1.0             holds',
    '  bitnet: accuracy, against parent  90.0 ±1.0  50.0 ±1.0  50.0 ±1.0  50.0 ±1.0  training lost it',
    '  bitnet: accuracy, against parent  90.0 ±1.0  50.0 ±1.0          -          -                 -',
  ]);
});
