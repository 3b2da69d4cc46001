import { expect, test } from '@jest/globals';
import { specialisation, type Specialist } from './specialisation.js';

const seed = (own: string[], losses: Record<string, number>): Specialist => ({
  own,
  tasks: {
    families: Object.fromEntries(
      Object.entries(losses).map(([name, loss]) => [
        name,
        { accuracy: { estimate: 1, low: 1, high: 1 }, loss, items: 1 },
      ]),
    ),
  },
});

test('specialisation is the share of the owned families that their owner is the best at, by loss; a tie is not won', () => {
  const seeds = [
    seed(['add', 'max'], { add: 0.1, max: 0.5, copy: 0.2, up: 0 }),
    seed(['copy', 'up'], { add: 0.2, max: 0.4, copy: 0.1, up: 0 }),
  ];
  expect(specialisation(seeds)).toBe(2 / 4);
  expect(specialisation([seed(['add'], { add: 3 })])).toBe(1);
  expect(specialisation([seed([], { add: 3 }), seed([], { add: 2 })])).toBeUndefined();
  expect(specialisation([{ own: ['add'], tasks: undefined }])).toBeUndefined();
});
