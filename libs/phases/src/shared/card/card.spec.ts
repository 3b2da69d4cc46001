import { describe, expect, test } from '@jest/globals';
import type { Manifest } from '@agent-forge/contracts';
import { tinyModel } from '../../testing/tiny-model.js';
import type { PhaseReport, ReportRow } from '../report.js';
import { modelCard } from './card.js';
import { barPlot } from './plot.js';
import { lostSkills, passedOn } from './skills.js';
import { lineageTree } from './tree.js';

const share = (estimate: number, half = 0.02) => ({ estimate, low: estimate - half, high: estimate + half });
const row = (name: string, skills: Record<string, number>): ReportRow => {
  const scores = Object.entries(skills).map(([family, x]) => [family, { accuracy: share(x), loss: 0.1, items: 9 }]);
  const all = Object.values(skills).reduce((sum, x) => sum + x, 0) / scores.length;
  return { name, accuracy: share(all), loss: 0.25, families: Object.fromEntries(scores), sizeBytes: 5e5 };
};
const report = (phase: string, rows: readonly ReportRow[], results: readonly string[]): PhaseReport => ({
  ...{ phase, rows, results, comparisons: [], figures: {} },
  verdicts: [`${phase} says so`],
});

const REPORTS = [
  report('evomerge', [row('trunk', { add: 0.4, sort: 0.5 }), row('champion', { add: 0.8, sort: 0.9 })], ['champion']),
  report('bitnet', [row('parent', { add: 0.8, sort: 0.9 }), row('ternary', { add: 0.6, sort: 0.91 })], ['ternary']),
  report('training', [row('plain', { add: 0.65, sort: 0.95 })], ['plain']),
];
const manifest = (phase: string, parents: string[], params = {}): Manifest => ({
  version: 1,
  kind: 'model',
  files: [{ name: 'config.json', digest: 'a'.repeat(64), sizeBytes: 1 }],
  lineage: { parents, data: [], phase, params, seed: 1, codeVersion: 't', metrics: {} },
});
const [A, B, C] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)] as const;
const ANCESTORS = new Map([
  [C, manifest('bitnet', [B, A])],
  [B, manifest('cognate', [A], { role: 'seed-memory' })],
  [A, manifest('cognate', [], { role: 'trunk' })],
]);

describe('skills that were lost', () => {
  test('name the phase behind which the intervals part, also where a later one made some of it good', () => {
    expect(lostSkills(passedOn(REPORTS))).toEqual([
      'add was at 80.0 % after evomerge and is at 65.0 % now; bitnet lost it',
    ]);
  });

  test('are none where the intervals touch, and none where a family was not measured at the end', () => {
    const close = [report('a', [row('x', { add: 0.8 })], ['x']), report('b', [row('y', { add: 0.78 })], ['y'])];
    expect(lostSkills(passedOn(close))).toEqual([]);
    const gone = [report('a', [row('x', { add: 0.8 })], ['x']), report('b', [row('y', { up: 0.5 })], ['y'])];
    expect(lostSkills(passedOn(gone))).toEqual([]);
  });
});

test('a lineage is a tree in which what comes twice is told once', () => {
  expect(lineageTree([C], ANCESTORS)).toEqual([
    '  cccccccccccc  bitnet (model)',
    '    bbbbbbbbbbbb  cognate, seed-memory (model)',
    '      aaaaaaaaaaaa  cognate, trunk (model)',
    '    aaaaaaaaaaaa  cognate, trunk (model) (as above)',
  ]);
  expect(lineageTree(['d'.repeat(64)], ANCESTORS)).toEqual(['  dddddddddddd  no longer in the store']);
});

test('a card has the header of the hub, every phase with its table and its verdicts, and a plot', () => {
  const model = tinyModel(1);
  const scores = [{ title: 'who follows', columns: ['x', 'y'], rows: [{ name: 'tool', scores: [share(0.9), null] }] }];
  const reports = [...REPORTS.slice(0, 2), { ...REPORTS[2]!, scores }];
  const files = modelCard({ model, parents: [C], ancestors: ANCESTORS, reports, seed: 7, codeVersion: '1.0' });
  expect(Object.keys(files)).toEqual(['README.md', 'accuracy.svg']);
  const text = files['README.md']!;
  expect(text).toMatch(/^---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: \[agent-forge\]\n---\n/);
  expect(text).toContain('| add | 80.0 ±2.0 | 60.0 ±2.0 | 65.0 ±2.0 |');
  expect(text).toContain('| champion | 85.0 ±2.0 | 0.250 | - | 500.0 kB |');
  expect(text).toContain('- add was at 80.0 % after evomerge');
  expect(text).toContain('![accuracy of what each phase passed on](accuracy.svg)');
  for (const { phase } of REPORTS) expect(text).toContain(`### ${phase}\n`);
  expect(text).toContain('- training says so');
  expect(text).toContain('who follows, in percent:\n\n|  | x | y |\n| --- | ---: | ---: |\n| tool | 90.0 ±2.0 | - |');
  expect(text).toContain('this model\n  cccccccccccc  bitnet (model)');
});

test('a plot is drawn to scale and takes any label', () => {
  const svg = barPlot('a < b & c', [
    { label: 'half', value: 0.5, text: '50 %' },
    { label: '<all>', value: 1, low: 0.9, high: 1, text: '100 %' },
  ]);
  const heights = [...svg.matchAll(/<rect [^>]* height="([\d.]+)"/g)].map(([, height]) => Number(height));
  expect(heights[0]! / heights[1]!).toBeCloseTo(0.5, 2);
  expect(svg).toContain('<title>a &lt; b &amp; c</title>');
  expect(svg).not.toMatch(/<all>/);
});

test('what phases proved is told as it was and as it is now: held, lost, never gained, or not to be measured', () => {
  const claim = (metric: string, more: object) => ({
    ...{ phase: 'bitnet', metric, control: 'parent', unit: 'share' as const, gained: true },
    then: { value: share(0.8), control: share(0.7) },
    now: { value: share(0.79), control: share(0.7) },
    ...more,
  });
  const claims = [
    claim('a', {}),
    claim('b', { lostBy: 'training', now: { value: share(0.5), control: share(0.7) } }),
    claim('c', { phase: 'adas', gained: false, now: 'experts stay behind' }),
    claim('d', { phase: 'adas', gained: false }),
  ];
  const reports = [...REPORTS, { ...report('compression', [row('after', { add: 0.6 })], ['after']), claims }];
  const card = modelCard({
    ...{ model: tinyModel(1), parents: [C], ancestors: ANCESTORS, reports },
    ...{ seed: 1, codeVersion: 't' },
  })['README.md']!;
  expect(card).toContain('| bitnet | a | parent | 80.0 ±2.0 | 70.0 ±2.0 | 79.0 ±2.0 | 70.0 ±2.0 | holds |');
  expect(card).toContain('| bitnet | b | parent | 80.0 ±2.0 | 70.0 ±2.0 | 50.0 ±2.0 | 70.0 ±2.0 | training lost it |');
  expect(card).toContain('| adas | c | parent | 80.0 ±2.0 | 70.0 ±2.0 | - | - | experts stay behind |');
  expect(card).toContain('| adas | d | parent | 80.0 ±2.0 | 70.0 ±2.0 | 79.0 ±2.0 | 70.0 ±2.0 | no gain |');
  expect(card).toContain('beat none of their controls at this size: adas.');
});
