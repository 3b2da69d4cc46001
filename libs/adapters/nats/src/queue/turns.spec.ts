import { expect, test } from '@jest/globals';
import { Turns } from './turns.js';

test('turns go round, a second wish gains nothing, and word of work is kept', () => {
  const turns = new Turns();
  turns.add('a', false);
  turns.add('b', true);
  turns.add('a', true);
  turns.add('b', false);
  expect(turns.next()).toEqual({ name: 'a', isTold: true });
  turns.add('a', false);
  expect(turns.next()).toEqual({ name: 'b', isTold: true });
  expect(turns.next()).toEqual({ name: 'a', isTold: false });
  expect(turns.next()).toBeUndefined();
});

test('of one with endless work and others with a little, each other waits for one turn of the first at most', () => {
  const turns = new Turns();
  turns.add('flood', true);
  const served: string[] = [];
  for (let turn = 0; turn < 100; turn++) {
    if (turn % 10 === 3) for (const name of ['x', 'y']) turns.add(`${name}${turn}`, true);
    const { name } = turns.next()!;
    served.push(name);
    if (name === 'flood') turns.add('flood', false);
  }
  const others = served.flatMap((name, at) => (name === 'flood' ? [] : [at - Number(name.slice(1))]));
  expect(others).toHaveLength(20);
  expect(Math.max(...others)).toBeLessThanOrEqual(2);
});
