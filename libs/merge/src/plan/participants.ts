import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { MergeRecipe, ModelReference, TokenSource } from '../recipe/recipe.js';
import { openMergeSource, type MergeSource } from './source.js';

/** More models than this are a mistake; each costs headers, a configuration and a tokenizer in memory. */
const MAX_MODELS = 100;

/** Gives the model that a recipe names. */
export type OpenModel = (reference: ModelReference) => Promise<MergeSource>;

/** A model of the merge, by the name the recipe gives it. */
export interface Named {
  readonly name: string;
  readonly source: MergeSource;
}

/** The models of a recipe, in the order in which it names them; equal names are one model. */
export class Participants {
  private constructor(
    readonly models: readonly Named[],
    private readonly byText: ReadonlyMap<string, number>,
  ) {}

  /**
   * Opens every model once.
   * @throws ForgeError `INVALID_ARGUMENT` for too many, and what opening throws
   */
  static async open(recipe: MergeRecipe, open: OpenModel): Promise<Participants> {
    const references = referencesOf(recipe);
    const models: Named[] = [];
    const byText = new Map<string, number>();
    for (const reference of references) {
      if (byText.has(reference.text)) continue;
      if (byText.size === MAX_MODELS)
        throw new ForgeError('INVALID_ARGUMENT', `${recipe.path} names more than ${MAX_MODELS} models`);
      const source = await open(reference);
      const known = models.findIndex((model) => model.source.path === source.path);
      byText.set(reference.text, known < 0 ? models.push({ name: reference.text, source }) - 1 : known);
    }
    return new Participants(models, byText);
  }

  /** Index of a model in {@link models}. */
  indexOf(reference: ModelReference): number {
    return this.byText.get(reference.text)!;
  }

  of(reference: ModelReference): Named {
    return this.models[this.indexOf(reference)]!;
  }
}

/** Every model that a recipe names, as often as it does. */
export function referencesOf({ base, body, tokenizer }: MergeRecipe): ModelReference[] {
  const named =
    body.kind === 'models'
      ? body.models.map(({ model }) => model)
      : body.slices.flatMap((slice) => [
          ...slice.sources.map(({ model }) => model),
          ...(slice.base ? [slice.base] : []),
        ]);
  const sources = [tokenizer?.source, ...[...(tokenizer?.tokens.values() ?? [])].map(({ from }) => modelOf(from))];
  return [...(base ? [base] : []), ...named, ...sources.filter((source) => typeof source === 'object')];
}

const modelOf = (from: TokenSource['from']): ModelReference | undefined =>
  from === null || from === 'zero' ? undefined : from.model;

/** Opens local folders: a path is relative to the recipe or, where there is none, to the working directory, as for mergekit. */
export function openLocal(recipePath: string): OpenModel {
  return async ({ text, at }) => {
    for (const folder of [dirname(resolve(recipePath)), process.cwd()]) {
      const path = resolve(folder, text);
      const found = await stat(path).catch(() => null);
      if (found !== null) return openMergeSource(path);
    }
    throw new ForgeError(
      'FILE_NOT_FOUND',
      `${recipePath}:${at.line}:${at.column}: there is no model folder ${text}; models are local folders, relative to the recipe`,
    );
  };
}
