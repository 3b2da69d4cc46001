import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { checkAgent, parseAgent, problemOf } from './check-agent.js';
import { GREEDY } from './designs.js';
import { agentDigest, hasExactVerifier } from './document.js';

const ask = { id: 'a', kind: 'sample', temperature: 0, count: 1 };
const agent = (nodes: unknown[], answer = 'a') => ({ version: 1, nodes, answer });

test('an agent survives its file', () => {
  const read = parseAgent(JSON.stringify(GREEDY), 'agent.json');
  expect(read).toEqual(GREEDY);
  expect(agentDigest(read)).toBe(agentDigest(GREEDY));
});

describe('refuses in one clear line', () => {
  test.each([
    ['what is no object', [], /an agent is a JSON object/],
    ['another version', { ...GREEDY, version: 2 }, /version is 2; only version 1/],
    ['an unknown field', { ...GREEDY, code: 'x' }, /unknown field "code"/],
    ['no nodes', agent([]), /nodes must be a list of 1 to 16/],
    ['too many nodes', agent(Array.from({ length: 17 }, (_, i) => ({ ...ask, id: `a${i}` }))), /1 to 16 nodes/],
    [
      'code',
      agent([{ id: 'a', kind: 'python', code: 'import os' }]),
      /node 1 \(a\) has kind "python"; there are route, sample/,
    ],
    ['a misspelt kind', agent([{ ...ask, kind: 'sampel' }]), /did you mean sample\?/],
    ['a field out of range', agent([{ ...ask, count: 1000 }]), /node 1 \(a\) has a bad field count: 1000/],
    ['a field that is missing', agent([{ id: 'a', kind: 'sample', count: 1 }]), /bad field temperature/],
    ['a field that is too much', agent([{ ...ask, url: 'http://x' }]), /bad field url/],
    ['two nodes of one name', agent([ask, ask]), /node 2 \(a\) has the id of a node before it/],
    ['a loop', agent([{ id: 'a', kind: 'vote', of: ['a'] }]), /reads of "a", which is no node before it/],
    [
      'a wrong type',
      agent([
        { id: 'm', kind: 'route' },
        { id: 'a', kind: 'vote', of: ['m'] },
      ]),
      /a route, which gives no answers/,
    ],
    [
      'an answer that is none',
      agent([ask, { id: 'c', kind: 'critique', of: 'a' }], 'c'),
      /a critique, which gives no answers/,
    ],
    ['an answer of nobody', agent([ask], 'z'), /answer is "z"; it must be the id of a node/],
  ])('%s', (_, value, message) => {
    expect(() => checkAgent(value, 'x.json')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
    expect(() => checkAgent(value, 'x.json')).toThrow(/^x\.json: [^\n]+$/);
  });

  test('what is not JSON', () => {
    expect(() => parseAgent('{', 'agent.json')).toThrow(/agent\.json is not JSON/);
  });
});

test('whatever stands in a file, it is an agent or refused in one line', () => {
  const kinds = fc.constantFrom('sample', 'vote', 'revise', 'route', '__proto__', 'constructor', 'x');
  const node = fc.record(
    {
      id: fc.constantFrom('a', 'b', 'A'),
      kind: kinds,
      of: fc.jsonValue(),
      temperature: fc.jsonValue(),
      count: fc.nat(20),
    },
    { requiredKeys: ['id', 'kind'] },
  );
  const document = fc.record({ version: fc.constantFrom(1, 2), nodes: fc.array(node), answer: fc.jsonValue() });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), document), (value) => {
      const problem = problemOf(value);
      if (problem === undefined) expect(agentDigest(checkAgent(value))).toHaveLength(64);
      else expect(problem).toMatch(/^[^\n]+$/);
    }),
    { numRuns: 1000, seed: 3 },
  );
});

test('an exact verifier is seen', () => {
  const verify = { id: 'v', kind: 'verify', of: 'a', by: 'exact verifier' } as const;
  expect(hasExactVerifier(checkAgent(agent([ask, verify], 'v')))).toBe(true);
  expect(hasExactVerifier(checkAgent(agent([ask, { ...verify, by: 'agreement' }], 'v')))).toBe(false);
});
