import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { RecipeSchema, type Recipe } from '@agent-forge/contracts';
import { checkPipeline } from './pipeline.js';

const book = { name: 'book', artifactId: 'a'.repeat(64) };

function recipe(phases: { phase: string; params?: Record<string, number> }[], data = [book]): Recipe {
  return create(RecipeSchema, { name: 'x', seed: 1, data, phases });
}

describe('a recipe', () => {
  test('of phases that fit together is taken', () => {
    expect(() =>
      checkPipeline(recipe([{ phase: 'cognate', params: { steps: 10 } }, { phase: 'evomerge' }])),
    ).not.toThrow();
    expect(() => checkPipeline(recipe([{ phase: 'cognate' }]))).not.toThrow();
    expect(() => checkPipeline({ ...recipe([{ phase: 'cognate' }], []), families: { add: 1 } })).not.toThrow();
    const models = ['a', 'b'].map((name) => ({ ...book, name })) as Recipe['models'];
    expect(() => checkPipeline({ ...recipe([{ phase: 'evomerge' }]), models })).not.toThrow();
  });

  test.each<[string, Recipe, RegExp]>([
    [
      'a phase that has nothing to read',
      recipe([{ phase: 'evomerge' }]),
      /evomerge reads at least 2 models, it is the first phase, and the recipe imports 0/,
    ],
    [
      'nothing to learn from',
      recipe([{ phase: 'cognate' }], []),
      /cognate learns from task families or data, and the recipe names neither/,
    ],
    ['a phase that does not exist', recipe([{ phase: 'adept' }]), /"adept" is unknown; known are cognate, evomerge/],
    [
      'a parameter that does not exist',
      recipe([{ phase: 'cognate', params: { step: 1 } }]),
      /parameter step of cognate is unknown/,
    ],
    [
      'a parameter out of range',
      recipe([{ phase: 'cognate', params: { steps: 0 } }]),
      /parameter steps of cognate is 0/,
    ],
  ])('with %s is refused before any work', (_, wrong, message) => {
    expect(() => checkPipeline(wrong)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});
