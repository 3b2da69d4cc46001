import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { RecipeSchema } from '@agent-forge/contracts';
import { checkRecipe, phaseAfter, planOf } from './recipe.js';
import { recipeOf } from './testing.js';

const known = ['one', 'two'];
const digest = 'f'.repeat(64);
const withData = (...data: { name: string; artifactId: string }[]) =>
  create(RecipeSchema, { name: 'x', phases: [{ phase: 'one' }], data });

describe('a recipe', () => {
  test('names what follows', () => {
    expect(phaseAfter(recipeOf('one', 'two'), 'one')).toBe('two');
    expect(phaseAfter(recipeOf('one', 'two'), 'two')).toBe('none');
    expect(planOf(recipeOf('one', 'two'), 'two')).toMatchObject({ phase: 'two' });
  });

  test.each([
    ['no phase', recipeOf(), /phases is empty.*one, two/],
    ['an unknown phase', recipeOf('one', 'ten'), /phases\[1\]\.phase "ten" is unknown/],
    ['a subject in a phase', recipeOf('one.>'), /phases\[0\]\.phase "one\.>" is unknown/],
    ['a phase twice', recipeOf('one', 'one'), /stands in the recipe twice/],
    ['a path for data', withData({ name: 'book', artifactId: '/etc/passwd' }), /data\[0\]\.artifactId must be 64/],
    ['a path for a name', withData({ name: '../book', artifactId: digest }), /data\[0\]\.name/],
    [
      'data twice',
      withData({ name: 'a', artifactId: digest }, { name: 'a', artifactId: digest }),
      /data\[1\]\.name "a" stands/,
    ],
  ])('is refused with %s', (_, recipe, message) => {
    expect(() => checkRecipe(recipe, known)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  test('is taken when all is well', () => {
    expect(() => checkRecipe(withData({ name: 'book', artifactId: digest }), known)).not.toThrow();
  });
});
