import type { FloatDtype, LlamaConfig, Tokenizer } from '@agent-forge/model';
import type { Scalar } from '../parameters.js';
import type { MergeSource } from './source.js';

/** Resolved parameters by name. */
export type ParameterValues = Readonly<Record<string, Scalar>>;

/** A tensor of one model that goes into an output tensor. */
export interface PlannedInput {
  /** Index of the model among the plan's sources. */
  readonly source: number;
  readonly tensor: string;
  /** Place among the sources in the recipe; random masks depend on it. */
  readonly position: number;
  /** Empty for the base. */
  readonly parameters: ParameterValues;
}

/** How the rows of models with different vocabularies become those of the result; {@link PlannedTensor} counts the base first. */
export interface Alignment {
  /** For each model which of its rows stands for each token of the result; −1 where another is taken. */
  readonly own: readonly Int32Array[];
  /** For tokens that a model lacks: the model and the row to take, or several to average; none for zeros. */
  readonly substitutes: ReadonlyMap<number, readonly (readonly [model: number, row: number])[]>;
  /** Rows with a token; those behind are padding, which gets their mean. */
  readonly tokens: number;
}

/** How one output tensor is made. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FloatDtype;
  readonly base: PlannedInput | null;
  /** In the recipe's order, without the base. */
  readonly inputs: readonly PlannedInput[];
  readonly shared: ParameterValues;
  /** Null where rows are taken as they are. */
  readonly alignment: Alignment | null;
}

/** All that is needed to compute the tensors; it can be sent to another thread. */
export interface MergeWork {
  /** Name of the method. */
  readonly method: string;
  /** Inputs are rounded to this type first. */
  readonly cast: FloatDtype | null;
  readonly seed: number | string;
  readonly tensors: readonly PlannedTensor[];
}

/** A merge that has been checked and can begin. */
export interface MergePlan {
  readonly work: MergeWork;
  readonly sources: readonly MergeSource[];
  /** Of the result. */
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer | null;
  /** What is odd but allowed, for people. */
  readonly notes: readonly string[];
}
