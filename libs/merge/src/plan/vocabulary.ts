import type { LlamaConfig, Tokenizer } from '@agent-forge/model';
import { errorAt } from '../recipe/located-yaml.js';
import type { MergeRecipe } from '../recipe/recipe.js';
import { withChatTemplate } from './chat-template.js';
import { differenceIn } from './compatibility.js';
import type { Named, Participants } from './participants.js';

/** The vocabulary of the result. */
export interface Vocabulary {
  /** Rows of the embedding and of the head; those of an input beyond it are cut off. */
  readonly rows: number;
  readonly tokenizer: Tokenizer | null;
  /** Which tokens begin, end and pad. */
  readonly tokens: Pick<LlamaConfig, 'bosTokenId' | 'eosTokenId' | 'padTokenId'>;
  readonly notes: readonly string[];
}

const sizesOf = (givers: readonly Named[]): string | null =>
  differenceIn(givers, 'vocab_size', (config) => config.vocabSize);

/** Why vocabularies do not fit together, or null. @param givers models whose embedding or head goes into the result */
export function vocabularyMismatch({ onMismatch }: MergeRecipe, givers: readonly Named[]): string | null {
  const difference = sizesOf(givers);
  if (difference === null || onMismatch === 'truncate') return null;
  return `${difference} (embedding and head); forge: { on_mismatch: truncate } cuts them to the shortest, which is right only if the tokens are the same`;
}

/**
 * Chooses rows and tokenizer of models whose vocabularies fit together, or are cut until they do.
 * @param donor model whose configuration the result has
 * @throws ForgeError `INVALID_ARGUMENT` with its place for a tokenizer section that cannot be done
 */
export function vocabularyOf(
  recipe: MergeRecipe,
  participants: Participants,
  givers: readonly Named[],
  donor: Named,
): Vocabulary {
  const notes: string[] = [];
  const shortest = Math.min(...givers.map(({ source }) => source.config.vocabSize));
  const difference = sizesOf(givers);
  if (difference !== null)
    notes.push(`${difference}: cut to the first ${shortest} rows, as if their tokens were the same (on_mismatch)`);
  const chosen = chosenTokenizer(recipe, participants, givers, donor);
  const giver = chosen ?? [donor, ...givers].find(({ source }) => fits(source.tokenizer, shortest)) ?? null;
  const tokenizer = giver?.source.tokenizer ?? null;
  if (tokenizer === null && givers.some(({ source }) => source.tokenizer !== null))
    notes.push(`no tokenizer has ${shortest} tokens, so the result has none`);
  if (chosen === null && tokenizer !== null) notes.push(...tokenizerNotes(givers, giver!, tokenizer));
  const rows = chosen === null ? shortest : Math.min(shortest, chosen.source.tokenizer!.vocabSize);
  return {
    rows,
    tokenizer: withChatTemplate(recipe, tokenizer, givers),
    tokens: tokensOf(giver ?? donor, rows),
    notes,
  };
}

/** Whether every token has a row. */
const fits = (tokenizer: Tokenizer | null, rows: number): boolean => tokenizer !== null && tokenizer.vocabSize <= rows;

/** The model that a tokenizer section names; null without such a section. */
function chosenTokenizer(
  { tokenizer: choice, base, path }: MergeRecipe,
  participants: Participants,
  givers: readonly Named[],
  donor: Named,
): Named | null {
  if (choice === null) return null;
  const refuse = (problem: string): never => {
    throw errorAt(path, choice.at, problem);
  };
  if (choice.source === 'union')
    return refuse('a union of tokenizers cannot be made yet; take base or the path of a model');
  if (choice.perToken) return refuse('sources of single tokens cannot be chosen yet');
  if (choice.padToMultipleOf !== null) return refuse('pad_to_multiple_of cannot be done yet');
  const reference = choice.source === 'base' ? base : choice.source;
  const chosen = reference === null ? donor : participants.of(reference);
  const { tokenizer } = chosen.source;
  if (tokenizer === null) return refuse(`${chosen.name} has no tokenizer`);
  for (const { name, source } of givers) {
    const different = source.tokenizer === null ? 0 : differingTokens(tokenizer, source.tokenizer);
    if (different > 0)
      refuse(`the tokenizers of ${chosen.name} and ${name} differ in ${different} tokens and cannot be aligned yet`);
  }
  return chosen;
}

function tokenizerNotes(givers: readonly Named[], { name }: Named, tokenizer: Tokenizer): string[] {
  return givers.flatMap(({ name: other, source }) => {
    const different = source.tokenizer === null ? 0 : differingTokens(tokenizer, source.tokenizer);
    if (different === 0) return [];
    return [
      `the tokenizers of ${name} and ${other} differ in ${different} tokens; rows are merged by number and that of ${name} is kept`,
    ];
  });
}

/** How many ids stand for different tokens. */
function differingTokens(a: Tokenizer, b: Tokenizer): number {
  if (a === b) return 0;
  let count = 0;
  for (let id = 0; id < Math.max(a.vocabSize, b.vocabSize); id++) if (a.idToToken(id) !== b.idToToken(id)) count++;
  return count;
}

function tokensOf({ source: { config } }: Named, rows: number): Vocabulary['tokens'] {
  const kept = (id: number | null): number | null => (id !== null && id < rows ? id : null);
  return {
    bosTokenId: kept(config.bosTokenId),
    eosTokenId: config.eosTokenId.filter((id) => id < rows),
    padTokenId: kept(config.padTokenId),
  };
}
