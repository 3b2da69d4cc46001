import { defineMethod, rowLength, type MergeMethod } from '../method.js';
import {
  flag,
  int8Mask,
  number,
  type ParameterSpec,
  type ParameterSpecs,
  type Rescale,
  type Values,
} from '../parameters.js';
import { mix } from './mix.js';
import type { Pruning } from './pruning.js';
import { Origin, TaskVector } from './task-vector.js';

/** Parameters of each input that all methods of this family have. */
type Weighted = { readonly weight: ParameterSpec<number>; readonly density: ParameterSpec<number> };

/** What tells one method that mixes pruned task vectors from another. */
export interface TaskVectorDefinition<P extends ParameterSpecs> {
  readonly name: string;
  readonly title: string;
  readonly reference: string;
  /** Whether signs are elected as in TIES. */
  readonly elect: boolean;
  /** Default of `normalize`. */
  readonly normalize: boolean;
  readonly rescale: ParameterSpec<Rescale>;
  /** Parameters of each input beside `weight` and `density`. */
  readonly perInput: P;
  /** @returns what is wrong with an input's parameters, or null */
  check?(parameters: Values<P> & Values<Weighted>): string | null;
  /** @param room gives memory as long as the vector, to be overwritten */
  prune(vector: TaskVector, parameters: Values<P> & Values<Weighted>, rule: Rescale, room: () => Float32Array): Pruning;
}

/** A method of the family: task vectors are pruned, weighted, mixed and added to the base. */
export function taskVectorMethod<P extends ParameterSpecs>(definition: TaskVectorDefinition<P>): MergeMethod {
  const { name, title, reference, elect, prune, check } = definition;
  const shared = {
    normalize: flag('divide by the sum of the weights', definition.normalize),
    rescale: definition.rescale,
    lambda: number('factor on the merged task vector', 1),
    int8_mask: int8Mask,
  };
  const weighted: Weighted = {
    weight: number('factor on the task vector of this model'),
    density: number('share of the values that is kept', 1),
  };
  const given = (parameters: unknown) => parameters as Values<P> & Values<Weighted>;
  return defineMethod<typeof shared, P & Weighted>({
    name,
    title,
    reference,
    base: 'required',
    inputs: { min: 0, max: Infinity },
    shared,
    perInput: { ...definition.perInput, ...weighted },
    check: (_, inputs) =>
      inputs.map((input) => check?.(given(input)) ?? null).find((problem) => problem !== null) ?? null,
    merge: ({ shape, base, inputs, shared: { normalize, rescale, lambda } }, out) => {
      const origin = new Origin(base!);
      const parts = inputs.map(({ tensor, parameters: all, random }) => {
        const parameters = given(all);
        const vector = new TaskVector(tensor, origin, rowLength(shape), random);
        return { vector, pruning: prune(vector, parameters, rescale, () => out.room), weight: parameters.weight };
      });
      mix(origin, parts, { elect, normalize, lambda }, out);
    },
  });
}
