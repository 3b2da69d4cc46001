import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createFamily, DialogueEncoder, distinctItems, familySource, TaskMix } from '@agent-forge/data';
import {
  byteTokenizer,
  evaluateItems,
  initWeights,
  parseConfig,
  trainLanguageModel,
  withThoughtMark,
  type Model,
  type ThoughtMark,
} from '@agent-forge/model';
import { GREEDY } from './designs.js';
import type { AgentDocument } from './document.js';
import { ModelExperts } from './model-experts.js';
import { ModelResponder } from './model-responder.js';
import type { Request } from './ports.js';
import { DEFAULT_LIMITS } from './run-agent.js';
import { scoreAgent, type Score } from './score.js';

const tokenizer = byteTokenizer();
const config = parseConfig({
  model_type: 'llama',
  vocab_size: tokenizer.vocabSize,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
  bos_token_id: tokenizer.bosId,
  eos_token_id: tokenizer.eosId,
});
const family = createFamily('parity');
const items = distinctItems(family, 'select', 60, 2);
const mark: ThoughtMark = { families: ['parity'], form: 'derivation', tokens: 10 };
const request: Request = { prompt: 'hi', temperature: 0, seed: 'x', isThinking: false, maxTokens: 20 };
const think: AgentDocument = {
  version: 1,
  nodes: [{ id: 'a', kind: 'think', temperature: 0, count: 1 }],
  answer: 'a',
};

/** A model that has half learnt a family, so that some of its answers are right. */
async function trained(thinking?: ThoughtMark): Promise<Model> {
  const shape = { part: 'train', tokenizer, form: { thinking }, rows: 16, length: 63, seed: 1 } as const;
  const source = new TaskMix({ sources: [familySource(family, 1)], ...shape });
  const model: Model = { config: withThoughtMark(config, thinking), weights: initWeights(config, 1), tokenizer };
  const optimizer = { name: 'adamw', learningRate: 1e-2 } as const;
  return (await trainLanguageModel({ model, source, steps: 60, optimizer, threads: 2 })).model;
}

describe.each([
  ['that answers at once', undefined],
  ['that thinks about the family', mark],
])('a model %s', (_, thinking) => {
  let model: Model;
  let responder: ModelResponder;
  beforeAll(async () => {
    model = await trained(thinking);
    responder = await ModelResponder.create(model, { threads: 2 });
  });
  afterAll(() => responder.release());
  const score = async (agent: AgentDocument) =>
    (await scoreAgent({ agent, seed: 1, limits: DEFAULT_LIMITS }, items, { responder })) as Score;

  test('writes what it was measured to', async () => {
    const { accuracy, correct } = await score(GREEDY);
    expect(accuracy).toBeGreaterThan(0.2);
    if (thinking === undefined) {
      const measured = await evaluateItems(model, items, new DialogueEncoder(tokenizer));
      expect(correct).toBe(measured.correct.join(''));
    }
  });

  test('draws the same again, another answer with another seed, and each request by itself', async () => {
    const requests = Array.from({ length: 8 }, (_, i) => ({ ...request, temperature: 2, seed: `seed ${i}` }));
    const together = await responder.respond(requests);
    expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(1);
    const again = await ModelResponder.create(model, { threads: 2 });
    expect(await again.respond([requests[5]!])).toEqual([together[5]]);
    await again.release();
  });

  test('shows no thoughts and no special tokens, but counts them', async () => {
    const [response] = await responder.respond([{ ...request, ...items[0]! }]);
    const { text, tokens } = response!;
    expect(text).not.toMatch(/[<>]/);
    const prompt = new DialogueEncoder(tokenizer, { thinking }).encodePrompt(items[0]!).length;
    const shown = prompt + text.length + 1;
    if (thinking) expect(tokens).toBeGreaterThan(shown);
    else expect(tokens).toBe(shown);
  });

  test(thinking ? 'thinks when it is asked to' : 'cannot be asked to think', async () => {
    if (thinking) return expect((await score(think)).accuracy).toBeGreaterThan(0.2);
    expect(await score(think)).toEqual({ failed: expect.stringMatching(/no form of thoughts/) });
  });

  test('as an expert, it is loaded once, when it is asked', async () => {
    let loads = 0;
    const load = () => Promise.resolve((loads++, model));
    const experts = new ModelExperts(['one'], load, { threads: 2 });
    expect(loads).toBe(0);
    const expected = await responder.respond([request]);
    for (let times = 2; times > 0; times--)
      expect(await (await experts.responder('one')).respond([request])).toEqual(expected);
    expect(loads).toBe(1);
    expect(() => experts.responder('two')).toThrow(/there is no expert "two"; there are one/);
    await experts.release();
  });

  test('a prompt that leaves no room is refused', async () => {
    await expect(responder.respond([{ ...request, prompt: 'x'.repeat(64) }])).rejects.toThrow(/leaves no room/);
  });
});
