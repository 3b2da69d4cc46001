import type { Value } from '../ir/graph.js';

/** A tensor that is trained. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * - `matrix`: a hidden weight matrix [out, in]; decayed, and orthogonalised by Muon
   * - `embedding`: token embedding or output head; decayed, never orthogonalised
   * - `vector`: gains and biases; neither
   */
  readonly role: 'matrix' | 'embedding' | 'vector';
}

/** Numbers of one step, known before it runs, by name. */
export type StepScalars = Readonly<Record<string, number>>;
export type ScalarValues = Readonly<Record<string, Value>>;

/** A rule that updates one parameter, as nodes of the training graph. */
export interface Optimizer {
  readonly name: string;
  /** Names of the state tensors kept for a parameter; each has the parameter's shape and starts at zero. */
  slots(parameter: Parameter): readonly string[];
  /**
   * @param step 1 for the first step
   * @param factor the schedule's factor on the learning rate at this step, 0 to 1
   */
  scalars(step: number, factor: number): StepScalars;
  /** Appends the update; returns the new value and the new state in the order of `slots`. */
  update(
    parameter: Parameter,
    value: Value,
    gradient: Value,
    state: readonly Value[],
    scalars: ScalarValues,
  ): { value: Value; state: Value[] };
}

/** Changes the gradients before clipping; may keep state per parameter. */
export interface GradientFilter {
  readonly name: string;
  /** State tensors per parameter: name and how many copies of the parameter's shape it stacks (1 = the shape itself). */
  slots(parameter: Parameter): readonly { name: string; copies: number }[];
  scalars(step: number): StepScalars;
  apply(gradient: Value, state: readonly Value[], scalars: ScalarValues): { gradient: Value; state: Value[] };
}
