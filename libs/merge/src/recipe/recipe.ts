import type { FloatDtype } from '@agent-forge/model';
import type { MergeMethod } from '../method.js';
import type { Place } from './located-yaml.js';
import type { Settings } from './settings.js';

/** A model as a recipe names it. */
export interface ModelReference {
  readonly text: string;
  readonly at: Place;
}

/** A model that takes part, with its own parameters. */
export interface SourceModel {
  readonly model: ModelReference;
  readonly settings: Settings;
}

/** Layers of a model: from the first up to but without the second. */
export interface SourceSlice extends SourceModel {
  readonly layers: readonly [number, number];
}

/** Layers of the result, made from as many layers of each source. */
export interface OutputSlice {
  readonly at: Place;
  readonly sources: readonly SourceSlice[];
  /** Takes the place of the recipe's base model here. */
  readonly base: ModelReference | null;
  readonly settings: Settings;
}

/** Where the row of a single token comes from. */
export interface TokenSource {
  readonly at: Place;
  /** A model, with another of its tokens where that is named, by its text or its id; null for none. */
  readonly from: 'zero' | { readonly model: ModelReference; readonly token: string | number | null } | null;
  /** Also where models have a row of their own. */
  readonly force: boolean;
}

/** Where the tokenizer comes from when the recipe says so. */
export interface TokenizerChoice {
  readonly at: Place;
  readonly source: 'base' | 'union' | ModelReference;
  /** Sources of single tokens; those that the tokenizer lacks are added to it. */
  readonly tokens: ReadonlyMap<string, TokenSource>;
  /** Rows are added until their number is a multiple of this. */
  readonly padToMultipleOf: number;
}

/** A merge recipe: mergekit's file, and a `forge` section of our own. */
export interface MergeRecipe {
  /** Where it was read from, for messages and for models that are named relative to it. */
  readonly path: string;
  /** As it was written; it is kept with the result. */
  readonly text: string;
  readonly name: string | null;
  readonly method: MergeMethod;
  readonly methodAt: Place;
  readonly base: ModelReference | null;
  /** Inputs are rounded to this type first; null leaves them as they are. */
  readonly dtype: FloatDtype | null;
  /** Type of the result; null is `dtype`, or the widest type of the inputs. */
  readonly outDtype: FloatDtype | null;
  /** Whole models, or slices of them: one of the two. */
  readonly body:
    | { readonly kind: 'models'; readonly models: readonly SourceModel[] }
    | { readonly kind: 'slices'; readonly slices: readonly OutputSlice[] };
  /** Parameters of `modules.default`. */
  readonly moduleSettings: Settings;
  readonly settings: Settings;
  readonly tokenizer: TokenizerChoice | null;
  /** A Jinja template, `auto`, or null to keep that of the tokenizer. */
  readonly chatTemplate: { readonly text: string; readonly at: Place } | null;
  /** Vocabularies of different sizes: an error, or cut to the shortest on the writer's word that the tokens are the same. */
  readonly onMismatch: 'error' | 'truncate';
  /** Seed of random masks. */
  readonly seed: number | string;
  /** What is accepted but has no effect, for people. */
  readonly notes: readonly string[];
}
