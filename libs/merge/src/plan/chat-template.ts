import { tokenizerFromJson, type Tokenizer } from '@agent-forge/model';
import { errorAt } from '../recipe/located-yaml.js';
import type { MergeRecipe } from '../recipe/recipe.js';
import type { Named } from './participants.js';
import { filesOf } from './tokenizer-files.js';

/**
 * The tokenizer with the recipe's chat template: a Jinja text as it is, or with `auto` the one that most models have.
 * @throws ForgeError `INVALID_ARGUMENT` when there is no tokenizer to hold it, or it is only the name of a template
 */
export function withChatTemplate(
  { chatTemplate: choice, path }: MergeRecipe,
  tokenizer: Tokenizer | null,
  models: readonly Named[],
): Tokenizer | null {
  if (choice === null) return tokenizer;
  if (tokenizer === null) throw errorAt(path, choice.at, 'there is no tokenizer that the chat template could go into');
  const template =
    choice.text === 'auto' ? mostCommon(models.map(({ source }) => templateOf(source.tokenizer))) : choice.text;
  if (template === null) return tokenizer;
  if (choice.text !== 'auto' && !template.includes('{'))
    throw errorAt(
      path,
      choice.at,
      `${JSON.stringify(choice.text.slice(0, 80))} is no template; give its Jinja text, or auto`,
    );
  const { json, config } = filesOf(tokenizer);
  return tokenizerFromJson(json, { ...config, chat_template: template });
}

/** A template is a text or, in older files, a list of named ones. */
function templateOf(tokenizer: Tokenizer | null): string | null {
  if (tokenizer === null) return null;
  const { chat_template: template } = filesOf(tokenizer).config;
  if (typeof template === 'string') return template.trim();
  const list = Array.isArray(template) ? (template as { name?: unknown; template?: unknown }[]) : [];
  const named = list.find(({ name }) => name === 'default')?.template;
  return typeof named === 'string' ? named.trim() : null;
}

/** Of equally common ones the first. */
function mostCommon(templates: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const template of templates) if (template !== null) counts.set(template, (counts.get(template) ?? 0) + 1);
  return (
    [...counts].reduce<[string, number] | null>(
      (best, each) => (best && best[1] >= each[1] ? best : each),
      null,
    )?.[0] ?? null
  );
}
