import type { LlamaConfig, Tokenizer } from '@agent-forge/model';
import type { MergeRecipe } from '../recipe/recipe.js';
import { alignVocabularies, type AlignedVocabularies } from './align-vocabularies.js';
import { withChatTemplate } from './chat-template.js';
import { differenceIn } from './compatibility.js';
import type { Named, Participants } from './participants.js';

/** The vocabulary of the result. */
export interface Vocabulary {
  /** Rows of the embedding and of the head; without alignment those of an input beyond it are cut off. */
  readonly rows: number;
  readonly tokenizer: Tokenizer | null;
  /** Which tokens begin, end and pad. */
  readonly tokens: Pick<LlamaConfig, 'bosTokenId' | 'eosTokenId' | 'padTokenId'>;
  /** Null where rows are taken as they are. */
  readonly align: AlignedVocabularies['align'] | null;
  readonly notes: readonly string[];
}

const sizesOf = (givers: readonly Named[]): string | null =>
  differenceIn(givers, 'vocab_size', (config) => config.vocabSize);

/** Why vocabularies do not fit together, or null. @param givers models whose embedding or head goes into the result */
export function vocabularyMismatch({ onMismatch, tokenizer }: MergeRecipe, givers: readonly Named[]): string | null {
  const difference = sizesOf(givers);
  if (difference === null || onMismatch === 'truncate' || tokenizer !== null) return null;
  return `${difference} (embedding and head); tokenizer: { source: union } aligns them, and forge: { on_mismatch: truncate } cuts them to the shortest, which is right only if the tokens are the same`;
}

/**
 * Chooses rows and tokenizer of the result: as the recipe's tokenizer section says, or else those of models whose vocabularies
 * fit together, or are cut until they do.
 * @param parts models that are merged
 * @param donor model whose configuration the result has
 * @throws ForgeError `INVALID_ARGUMENT` with its place for a tokenizer section that cannot be done
 */
export function vocabularyOf(
  recipe: MergeRecipe,
  participants: Participants,
  parts: readonly Named[],
  givers: readonly Named[],
  donor: Named,
): Vocabulary {
  const { tokenizer: choice } = recipe;
  if (choice === null) return unaligned(recipe, givers, donor);
  const { tokenizer, rows, align } = alignVocabularies(recipe, choice, participants, parts, donor);
  const model = typeof choice.source === 'object' ? participants.of(choice.source) : donor;
  return {
    rows,
    tokenizer: withChatTemplate(recipe, tokenizer, givers),
    tokens: tokensOf(model, rows),
    align,
    notes: [],
  };
}

function unaligned(recipe: MergeRecipe, givers: readonly Named[], donor: Named): Vocabulary {
  const notes: string[] = [];
  const rows = Math.min(...givers.map(({ source }) => source.config.vocabSize));
  const difference = sizesOf(givers);
  if (difference !== null)
    notes.push(`${difference}: cut to the first ${rows} rows, as if their tokens were the same (on_mismatch)`);
  const giver = [donor, ...givers].find(({ source }) => fits(source.tokenizer, rows)) ?? null;
  const tokenizer = giver?.source.tokenizer ?? null;
  if (tokenizer === null && givers.some(({ source }) => source.tokenizer !== null))
    notes.push(`no tokenizer has ${rows} tokens, so the result has none`);
  if (tokenizer !== null) notes.push(...tokenizerNotes(givers, giver!, tokenizer));
  return {
    rows,
    tokenizer: withChatTemplate(recipe, tokenizer, givers),
    tokens: tokensOf(giver ?? donor, rows),
    align: null,
    notes,
  };
}

/** Whether every token has a row. */
const fits = (tokenizer: Tokenizer | null, rows: number): boolean => tokenizer !== null && tokenizer.vocabSize <= rows;

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
