import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { createGenerator, answerFormOf } from '@agent-forge/model';
import { createFamily, DialogueEncoder, distinctItems } from '@agent-forge/data';
import type { PhaseReport } from '../shared/report.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase as quietstar } from './index.js';

/** The planted task: the parity of ten bits, which a network of two layers does not find in one pass in so few steps, beside two that it does. */
const FAMILIES = { parity: 2, up: 1, next: 1 };
const THINK = {
  warmSteps: 300,
  warmRate: 0.02,
  ownShare: 0.6,
  steps: 20,
  baseWeight: 0,
  mixingStart: 1,
  itemsPerFamily: 100,
};
/** In milliseconds. */
const MINUTE = 60_000;

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let done: Done;
let report: PhaseReport;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = [await workshop.import('merged', tinyModel(1, { hidden_size: 128 }))];
  done = await workshop.run(quietstar, { params: THINK, inputs, threads: 2 });
  report = await workshop.report(done.outcome);
}, 15 * MINUTE);
afterAll(() => workshop?.close());

describe('parity, thought about', () => {
  test('beats no thoughts, as many pauses, and the thoughts of other questions, on the report part', () => {
    for (const than of ['no-thoughts', 'pause', 'shuffled'])
      expect(report.comparisons.find((each) => each.than === than)!.difference.low).toBeGreaterThan(0.1);
    expect(report.verdicts[0]).toBe('thinking beats every control');
    expect(report.verdicts).toContain('the thoughts were taught as text first');
    expect(quietstar.gate(done.outcome, { onNoGain: 'fail', minGain: 0.1, maxRegression: 0 } as never)).toEqual([]);
  });

  test(
    'goes on as a model that thinks by itself in any generator: thought, end of thought, answer, end',
    async () => {
      const model = await workshop.model(done.outcome, 'thinker');
      const tokenizer = model.tokenizer!;
      const encoder = new DialogueEncoder(tokenizer, answerFormOf(model.config));
      const items = distinctItems(createFamily('parity'), 'report', 100, 'proof');
      const prompts = items.map((item) => encoder.encodePrompt(item));
      const written = items.map(() => [] as number[]);
      const generator = await createGenerator(model, { threads: 2 });
      for await (const { prompt, tokenId } of generator.generate(prompts, { maxTokens: 14, temperature: 0 }))
        written[prompt]!.push(tokenId);
      await generator.release();
      const right = items.filter(({ thoughts, answer }, i) => {
        const wanted = `<think>${thoughts!}</think>${answer}<eos>`;
        return tokenizer.decode(written[i]!) === wanted;
      });
      expect(right.length / items.length).toBeGreaterThan(0.8);
    },
    MINUTE,
  );
});

test(
  'without a warm start, short reinforcement finds no thoughts that help, and the report says so',
  async () => {
    const params = { warmSteps: 0, steps: 15, itemsPerFamily: 100, onNoGain: 'pass-through' };
    const { outcome } = await workshop.run(quietstar, { params, inputs, threads: 2 });
    const { verdicts } = await workshop.report(outcome);
    expect(verdicts[0]).toBe('thinking is not shown to help: it does not beat every control');
    expect(outcome.artifacts[0]!.id).toBe(inputs[0]!.id);
    expect(outcome.degraded).toMatch(/^pass-through/);
  },
  5 * MINUTE,
);
