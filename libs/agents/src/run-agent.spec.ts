import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import type { AgentDocument, AgentNode } from './document.js';
import { ADD_TOOL } from './house-ports.js';
import type { Experts, Ports, Question, Request, Responder, Response } from './ports.js';
import { DEFAULT_LIMITS, runAgent } from './run-agent.js';
import { CoinResponder } from './testing/coin-responder.js';
import { ALL_MEANS } from './testing/means.js';
import { randomAgent } from './vary.js';

/** Answers with a function of the request, and remembers what it was asked. */
class Scripted implements Responder {
  readonly asked: Request[] = [];
  constructor(private readonly answer: (request: Request) => string) {}
  respond(requests: readonly Request[]): Promise<Response[]> {
    this.asked.push(...requests);
    return Promise.resolve(requests.map((request) => ({ text: this.answer(request), tokens: 10 })));
  }
}

const agentOf = (...nodes: AgentNode[]): AgentDocument => ({ version: 1, nodes, answer: nodes.at(-1)!.id });
const ask: AgentNode = { id: 'a', kind: 'sample', temperature: 0, count: 1 };
const run = async (agent: AgentDocument, ports: Ports, question: Question = { prompt: 'q' }) =>
  (await runAgent(agent, [question], ports, { seed: 1 }))[0]!;

const coin = new CoinResponder(0.7, () => 'right');
const experts: Experts = {
  names: ALL_MEANS.experts,
  responder: (name) => Promise.resolve(new Scripted(() => `by ${name}`)),
  classify: (questions) =>
    Promise.resolve(questions.map(({ prompt }) => (prompt.startsWith('sort') ? 'sort' : undefined))),
};

describe('nodes', () => {
  test('vote: the most frequent, the earliest of equals', async () => {
    const answers = ['x', 'y', 'z', 'y', 'x'];
    let next = 0;
    const responder = new Scripted(() => answers[next++]!);
    const agent = agentOf({ ...ask, temperature: 1, count: 5 } as AgentNode, { id: 'v', kind: 'vote', of: ['a'] });
    expect((await run(agent, { responder })).text).toBe('x');
    expect(new Set(responder.asked.map(({ seed }) => seed)).size).toBe(5);
  });

  test('critique and revise see the question, the answer and what was said against it', async () => {
    const responder = new Scripted(({ prompt }) =>
      prompt === 'q' ? 'first' : prompt.endsWith('wrong?') ? 'too short' : 'second',
    );
    const agent = agentOf(
      ask,
      { id: 'c', kind: 'critique', of: 'a' },
      { id: 'r', kind: 'revise', of: 'a', critique: 'c', temperature: 0 },
    );
    const { text, tokens, trace } = await run(agent, { responder });
    expect([text, tokens]).toEqual(['second', 30]);
    expect(responder.asked[2]!.prompt).toMatch(/q[^]*first[^]*too short[^]*q/);
    expect(trace.map(({ kind, outputs }) => [kind, ...outputs])).toEqual([
      ['sample', 'first'],
      ['critique', 'too short'],
      ['revise', 'second'],
    ]);
  });

  test('route: by the class of the question, or to a named expert', async () => {
    const responder = new Scripted(() => 'by itself');
    const routed = (route: AgentNode) => agentOf(route, { ...ask, model: 'm' } as AgentNode);
    const byClass = routed({ id: 'm', kind: 'route' });
    expect((await run(byClass, { responder, experts }, { prompt: 'sort 3 1' })).text).toBe('by sort');
    expect((await run(byClass, { responder, experts }, { prompt: 'max 3 1' })).text).toBe('by itself');
    expect((await run(routed({ id: 'm', kind: 'route', expert: 'add' }), { responder, experts })).text).toBe('by add');
  });

  test('tool: what it gives is the answer to a call; other answers and prompts with a system of their own stay', async () => {
    const responder = new Scripted(({ system }) =>
      system === ADD_TOOL.offer ? '{"name":"add","arguments":{"a":17,"b":25}}' : 'plain',
    );
    const agent = agentOf({ id: 'a', kind: 'tool', temperature: 0, count: 1 });
    expect((await run(agent, { responder, tool: ADD_TOOL })).text).toBe('24');
    expect((await run(agent, { responder, tool: ADD_TOOL }, { prompt: 'q', system: 'end !' })).text).toBe('plain');
    expect(ADD_TOOL.run('{"name":"exec","arguments":{"a":1,"b":2}}')).toBeUndefined();
    expect(ADD_TOOL.run('{"name":"add","arguments":{"a":"1","b":2}}')).toBeUndefined();
  });

  test('verify: what was given twice, or what the exact verifier lets through', async () => {
    const answers = ['x', 'y', 'z', 'z'];
    let next = 0;
    const responder = new Scripted(() => answers[next++ % 4]!);
    const verified = (by: 'agreement' | 'exact verifier') =>
      agentOf({ ...ask, temperature: 1, count: 4 } as AgentNode, { id: 'v', kind: 'verify', of: 'a', by });
    const exactVerifier = { isRight: (_: Question, answer: string) => answer === 'y' };
    expect((await run(verified('agreement'), { responder })).text).toBe('z');
    expect((await run(verified('exact verifier'), { responder, exactVerifier })).text).toBe('y');
  });

  test.each<[string, AgentNode, RegExp]>([
    ['experts', { id: 'a', kind: 'route' }, /a route needs experts/],
    ['a tool', { id: 'a', kind: 'tool', temperature: 0, count: 1 }, /a tool is needed/],
  ])('without %s says so', async (_, node, message) => {
    await expect(run(agentOf(node), { responder: coin })).rejects.toThrow(message);
  });
});

test('a budget ends it: less is asked, and the trace says so', async () => {
  const agent = agentOf({ ...ask, temperature: 1, count: 9 } as AgentNode, { id: 'v', kind: 'vote', of: ['a'] });
  const few = { ...DEFAULT_LIMITS, steps: 4 };
  const [answer] = await runAgent(agent, [{ prompt: 'q' }], { responder: coin }, { seed: 1, limits: few });
  expect(answer!.trace.map(({ kind, outputs, isCut }) => [kind, outputs.length, isCut])).toEqual([
    ['sample', 4, true],
    ['vote', 0, true],
  ]);
  const poor = { ...DEFAULT_LIMITS, tokens: 10 };
  const twice = agentOf(ask, { ...ask, id: 'b' });
  const [other] = await runAgent(twice, [{ prompt: 'q' }], { responder: coin }, { seed: 1, limits: poor });
  expect([other!.tokens, other!.text]).toEqual([10, '']);
});

test('every random program ends within its budget, and again the same way; what it gives does not depend on its neighbours', async () => {
  const questions = ['sort 1', 'max 2', 'add 3'].map((prompt) => ({ prompt }));
  const limits = { steps: 20, tokens: 150, answerTokens: 8 };
  const ports: Ports = { responder: coin, experts, tool: ADD_TOOL };
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const agent = randomAgent(Rng.derive(seed, 'program'), ALL_MEANS);
      const answers = await runAgent(agent, questions, ports, { seed, limits });
      for (const { steps, tokens, trace } of answers) {
        expect(trace).toHaveLength(agent.nodes.length);
        expect(steps).toBeLessThanOrEqual(limits.steps);
        expect(tokens).toBe(trace.reduce((sum, step) => sum + step.tokens, 0));
      }
      expect(await runAgent(agent, questions, ports, { seed, limits })).toEqual(answers);
      expect(await runAgent(agent, [questions[2]!], ports, { seed, limits })).toEqual([answers[2]]);
    }),
    { numRuns: 200, seed: 7 },
  );
});
