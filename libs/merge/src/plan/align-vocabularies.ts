import type { Tokenizer } from '@agent-forge/model';
import { errorAt } from '../recipe/located-yaml.js';
import type { MergeRecipe, TokenizerChoice, TokenSource } from '../recipe/recipe.js';
import type { Named, Participants } from './participants.js';
import type { Alignment } from './plan.js';
import { tokenIds, unionOf, withTokens, withoutTokensBeyond } from './tokenizer-files.js';

/** The models whose rows an output tensor is made from. */
export interface RowGivers {
  /** Indices of participants. */
  readonly models: readonly number[];
  /** Which of them is the recipe's base model, whether or not the method treats it as one. */
  readonly base: number | null;
}

/** The tokenizer of the result, and where the rows of its tokens come from, as mergekit's `tokenizer` section has it. */
export interface AlignedVocabularies {
  readonly tokenizer: Tokenizer;
  /** With padding. */
  readonly rows: number;
  /** @throws ForgeError `INVALID_ARGUMENT` with its place for a token whose source lacks it */
  align(givers: RowGivers): Alignment;
}

/**
 * Builds the tokenizer that a recipe asks for.
 * @param parts the models that are merged
 * @param donor the base, or the first model; models without a tokenizer are taken to have its own
 * @throws ForgeError `INVALID_ARGUMENT` with its place when there is no such tokenizer, `TOKENIZER_INVALID`
 */
export function alignVocabularies(
  { path, base }: MergeRecipe,
  choice: TokenizerChoice,
  participants: Participants,
  parts: readonly Named[],
  donor: Named,
): AlignedVocabularies {
  const ofBase = tokenizerOf(path, choice, donor);
  const stripped = withoutTokensBeyond(ofBase, donor.source.config.vocabSize);
  const chosen = (): Tokenizer => {
    if (choice.source === 'union') return unionOf(stripped, otherTokenizers(parts, donor));
    const model = choice.source === 'base' ? base : choice.source;
    return model === null || participants.of(model) === donor
      ? stripped
      : tokenizerOf(path, choice, participants.of(model));
  };
  const tokenizer = withTokens(chosen(), choice.tokens.keys());
  const idsOf = participants.models.map(({ source }) =>
    tokenIds(source.tokenizer ?? stripped, source.config.vocabSize),
  );
  const aligner = new Aligner(path, choice, participants, tokenizer, idsOf);
  const rows = Math.ceil(tokenizer.vocabSize / choice.padToMultipleOf) * choice.padToMultipleOf;
  return { tokenizer, rows, align: (givers) => aligner.align(givers) };
}

function tokenizerOf(path: string, { at }: TokenizerChoice, { name, source }: Named): Tokenizer {
  if (source.tokenizer === null) throw errorAt(path, at, `${name} has no tokenizer`);
  return source.tokenizer;
}

function otherTokenizers(parts: readonly Named[], donor: Named): { tokenizer: Tokenizer; rows: number }[] {
  return parts.flatMap((part) => {
    const { tokenizer, config } = part.source;
    return part === donor || tokenizer === null ? [] : [{ tokenizer, rows: config.vocabSize }];
  });
}

class Aligner {
  constructor(
    private readonly path: string,
    private readonly choice: TokenizerChoice,
    private readonly participants: Participants,
    private readonly tokenizer: Tokenizer,
    /** Of each participant. */
    private readonly idsOf: readonly ReadonlyMap<string, number>[],
  ) {}

  align({ models, base }: RowGivers): Alignment {
    const tokens = this.tokenizer.vocabSize;
    const own = models.map(() => new Int32Array(tokens).fill(-1));
    const substitutes = new Map<number, readonly (readonly [number, number])[]>();
    for (let id = 0; id < tokens; id++) {
      const token = this.tokenizer.idToToken(id);
      if (token === undefined) continue;
      const rows = models.map((model) => this.idsOf[model]!.get(token) ?? -1);
      const source = this.choice.tokens.get(token);
      if (!source?.force) for (const [k, row] of rows.entries()) own[k]![id] = row;
      if (!source?.force && rows.every((row) => row >= 0)) continue;
      substitutes.set(id, source ? this.named(token, source, models) : usual(rows, base));
    }
    return { own, substitutes, tokens };
  }

  /** The row that the recipe names for a token. */
  private named(
    token: string,
    { from, at }: TokenSource,
    models: readonly number[],
  ): readonly (readonly [number, number])[] {
    const refuse = (problem: string): never => {
      throw errorAt(this.path, at, `the token ${JSON.stringify(token)} ${problem}`);
    };
    if (from === null) return refuse('has no source, and not every model has it');
    if (from === 'zero') return [];
    const participant = this.participants.indexOf(from.model);
    const model = models.indexOf(participant);
    if (model < 0) return refuse(`is to come from ${from.model.text}, which gives no rows to this merge`);
    const wanted = from.token ?? token;
    const rows = this.participants.models[participant]!.source.config.vocabSize;
    const row = typeof wanted === 'number' ? wanted : this.idsOf[participant]!.get(wanted);
    if (row === undefined || row >= rows)
      return refuse(`is to come from ${from.model.text}, which has no ${JSON.stringify(wanted)}`);
    return [[model, row]];
  }
}

/** Of models that have a token: the only one, or the base, or their average; zeros where none has it. @param rows −1 for those that lack it */
function usual(rows: readonly number[], base: number | null): readonly (readonly [number, number])[] {
  const present = rows.flatMap((row, model) => (row < 0 ? [] : [[model, row] as const]));
  return present.find(([model]) => model === base) ? present.filter(([model]) => model === base) : present;
}
