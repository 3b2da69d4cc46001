import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { answerUnder } from './answer-under.js';
import { createFamily } from './registry.js';

const item = (name: string) => createFamily(name).sample(Rng.derive(1, name));

test.each(['copy@end', 'sort@end', 'sort@tool', 'tool'])(
  'the answers of %s are those of its plain items under its prompt',
  (name) => {
    const { system, ...prompted } = item(name);
    const plain = createFamily(name === 'tool' ? 'word' : name.split('@')[0]!).recognize(prompted.prompt)!;
    expect(answerUnder(system!, plain)).toBe(prompted.answer);
  },
);

test('nobody knows what is right under a prompt that no family has', () => {
  for (const system of ['be a pirate', 'end x', 'end !!', ''])
    expect(answerUnder(system, item('copy'))).toBeUndefined();
});
