import { describe, expect, test } from '@jest/globals';
import { tinyModel } from '../testing/tiny-model.js';
import { familyItems } from '../shared/families.js';
import { diagonalShare, ownGain, restricted, scoreOn, type ExpertMatrix } from './matrix.js';
import { allTo, byDomain, measureAssigned, type Panel } from './measure.js';
import { verdictsOf } from './verdicts.js';

const host = { threads: 1, signal: new AbortController().signal };
const models = new Map([
  ['a', tinyModel(1)],
  ['b', tinyModel(2)],
]);
const PANEL: Panel = {
  items: familyItems({ up: 1, copy: 1 }, 'report', 15, 1),
  texts: ['one text of a kind', 'another of that kind, and longer', 'A TEXT OF ANOTHER KIND'],
  textDomains: ['low', 'low', 'high'],
};
const measure = (assignment: ReturnType<typeof allTo>) => measureAssigned(host, models, PANEL, assignment);

describe('what several models answer together', () => {
  test('is on each domain what its model answers alone, items and texts', async () => {
    const [a, b] = [await measure(allTo('a', PANEL)), await measure(allTo('b', PANEL))];
    const both = await measure(byDomain({ up: 'b', high: 'b' }, 'a', PANEL));
    expect(a.tasks!.families['up']!.loss).not.toBeCloseTo(b.tasks!.families['up']!.loss, 3);
    expect(both.tasks!.families['copy']!.loss).toBeCloseTo(a.tasks!.families['copy']!.loss, 5);
    expect(both.tasks!.families['up']!.loss).toBeCloseTo(b.tasks!.families['up']!.loss, 5);
    for (const [domain, alone] of [
      ['low', a],
      ['high', b],
    ] as const)
      expect(scoreOn({ text: both.text! }, PANEL, domain)).toBeCloseTo(
        scoreOn({ text: alone.text! }, PANEL, domain),
        5,
      );
    expect(a.text!.texts[2]!.bits).not.toBeCloseTo(b.text!.texts[2]!.bits, 1);
    expect(both.text!.tokens).toBe(a.text!.tokens);
  });

  test('is that of one model where it answers everything', async () => {
    const all = await measure(allTo('a', PANEL));
    const same = await measure(byDomain({ up: 'a', copy: 'a', low: 'a' }, 'a', PANEL));
    expect(same).toEqual(all);
  });
});

test('a row is narrowed to the items or texts of a domain', () => {
  const tasks = { families: { up: { loss: 1 } }, correct: Uint8Array.from(PANEL.items, (_, i) => i % 2) };
  const { correct } = restricted({ tasks } as never, PANEL, 'up').tasks!;
  expect(correct).toEqual(tasks.correct.filter((_, i) => PANEL.items[i]!.family === 'up'));
  const text = { texts: [1, 2, 3].map((bits) => ({ bits, bytes: 1 })) };
  expect(restricted({ text } as never, PANEL, 'high').text!.texts).toEqual([{ bits: 3, bytes: 1 }]);
});

describe('the table of experts', () => {
  const matrix: ExpertMatrix = {
    domains: ['x', 'y'],
    scores: [
      [0.9, 0.4],
      [0.2, 0.5],
    ],
    base: [0.7, 0.6],
  };

  test('says what experts gain at home, and whether anybody else is better there', () => {
    expect(ownGain(matrix)).toBeCloseTo(0.05, 12);
    expect(diagonalShare(matrix)).toBe(1);
    expect(diagonalShare({ ...matrix, scores: [matrix.scores[0]!, [0.95, 0.5]] })).toBe(0.5);
  });

  test('becomes sentences: what is not beyond doubt is said to be so', () => {
    const comparison = (name: string, low: number, high: number) => {
      const [better = '', than = ''] = name.replace(/ on .*/, '').split(' − ');
      return { name, better, than, difference: { estimate: (low + high) / 2, low, high } };
    };
    const own = [comparison('expert-x − base on x', 0.1, 0.3), comparison('expert-y − base on y', -0.2, 0)];
    const whole = [comparison('routed − base', 0, 0.1)];
    const shared = { matrix, own, shuffled: [], whole, dispatchAccuracy: 0.975, isText: false };
    expect(verdictsOf({ ...shared, applied: undefined })).toEqual([
      '1 of 2 experts beat the base model on their own domain beyond doubt',
      'on x, its expert beats the base model by 20.0 points (95 % interval 10.0 to 30.0)',
      'on y, its expert cannot be told from the base model: -10.0 points (95 % interval -20.0 to 0.0)',
      'on 2 of 2 domains no expert is better than their own',
      'the router sends 97.5 % of the questions where they belong',
      'on everything, routing to experts cannot be told from the base model: 5.0 points (95 % interval 0.0 to 10.0)',
      'the model that came in goes on, unchanged; the experts are in a pack beside it',
    ]);
    expect(verdictsOf({ ...shared, applied: 'the expert x' }).at(-1)).toBe(
      'the model that goes on has the expert x in its weights',
    );
  });
});
