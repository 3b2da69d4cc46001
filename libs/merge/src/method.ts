import type { Rng } from '@agent-forge/contracts';
import type { Operand } from './operand.js';
import type { MergeOutput } from './output.js';
import type { ParameterSpecs, Values } from './parameters.js';

/** One model's part in an output tensor. */
export interface MergeInput<P> {
  readonly tensor: Operand;
  /** Parameters of this model for this tensor, gradients and filters resolved. */
  readonly parameters: P;
  /** A stream of its own for this tensor and model: order of work, shards and threads cannot change what it gives. */
  random(): Rng;
}

/** All that a method sees: one output tensor. */
export interface MergeGroup<S, P> {
  /** Name of the output tensor, for messages. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Null where there is none, and for methods that treat the base like any other model. */
  readonly base: Operand | null;
  /** In the recipe's order, without the base. */
  readonly inputs: readonly MergeInput<P>[];
  readonly shared: S;
}

/** A merge method with its parameters. */
export interface MethodDefinition<S extends ParameterSpecs, P extends ParameterSpecs> {
  /** As recipes write it. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** Where the method is from. */
  readonly reference: string;
  /** `ignored`: a base model is an input like any other. */
  readonly base: 'required' | 'optional' | 'ignored';
  /** How many inputs there may be, without the base. */
  readonly inputs: { readonly min: number; readonly max: number };
  /** Parameters of the whole merge. */
  readonly shared: S;
  /** Parameters of each input. */
  readonly perInput: P;
  /**
   * Judges resolved parameters before any work is done.
   * @returns what is wrong with them, or null
   */
  check?(shared: Values<S>, inputs: readonly Values<P>[]): string | null;
  /** Merges one tensor; every element of `out` is written. Inputs are only read. */
  merge(group: MergeGroup<Values<S>, Values<P>>, out: MergeOutput): void;
}

/** A method whatever its parameters are. */
export type MergeMethod = MethodDefinition<ParameterSpecs, ParameterSpecs>;

/** Lets a definition use the types of its own parameters. */
export function defineMethod<S extends ParameterSpecs, P extends ParameterSpecs>(
  definition: MethodDefinition<S, P>,
): MergeMethod {
  return definition as unknown as MergeMethod;
}

/** Elements of the last dimension; 1 for a scalar. */
export function rowLength(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}
