import type { MergePlan } from '../plan/plan.js';
import type { MergeRecipe } from '../recipe/recipe.js';

/** The `README.md` of a merged model: front matter that Hugging Face reads, what was merged how, and the recipe. */
export function modelCard(name: string, recipe: MergeRecipe, plan: MergePlan): string {
  const { method, base, text } = recipe;
  const models = [...new Set(modelNames(recipe))].filter((model) => model !== base?.text);
  const notes = plan.notes.length === 0 ? [] : ['## Notes', '', ...plan.notes.map((note) => `- ${note}`), ''];
  return [
    '---',
    'library_name: transformers',
    'tags:',
    '- mergekit',
    '- merge',
    '---',
    '',
    `# ${recipe.name ?? name}`,
    '',
    `A merge of language models, made by Agent Forge with the method ${method.title} (${method.reference}).`,
    '',
    '## Models',
    '',
    ...(base === null ? [] : [`- ${base.text} (base)`]),
    ...models.map((model) => `- ${model}`),
    '',
    ...notes,
    '## Recipe',
    '',
    // Longer than any run of backquotes inside, so that the recipe cannot end its own block.
    ...fenced(text.trimEnd()),
    '',
  ].join('\n');
}

function modelNames({ body }: MergeRecipe): string[] {
  if (body.kind === 'models') return body.models.map(({ model }) => model.text);
  return body.slices.flatMap(({ sources }) => sources.map(({ model }) => model.text));
}

function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}yaml`, text, fence];
}
