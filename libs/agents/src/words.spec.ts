import { expect, test } from '@jest/globals';
import { GREEDY, designs } from './designs.js';
import { agentInWords } from './words.js';

test('an agent in words', () => {
  expect(agentInWords(GREEDY)).toBe('answer (greedy)');
  const means = { experts: ['max'], isClassified: true, hasTool: true, thinks: true };
  expect(designs(means).map(agentInWords)).toEqual([
    'answer (greedy)',
    '5 times answer (at temperature 0.7), vote',
    'answer (greedy), critique, revise',
    'thought and answer (greedy)',
    '5 times thought and answer (at temperature 0.7), vote',
    'route to the expert of its class, answer (greedy)',
    'route to the expert max, answer (greedy)',
    'answer with the tool on offer (greedy)',
  ]);
});
