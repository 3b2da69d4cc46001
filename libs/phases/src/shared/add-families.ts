import { Type } from '@sinclair/typebox';
import { ForgeError } from '@agent-forge/contracts';
import { createFamily } from '@agent-forge/data';
import type { ParamMistake } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from './families.js';

/** More families than there are. */
const MAX_FAMILIES = 64;

/** The parameter of phases that train on what an earlier phase has added to the recipe's mix. */
export const ADD_FAMILIES = {
  addFamilies: Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), {
    default: {},
    maxProperties: MAX_FAMILIES,
    description:
      "Task families besides the recipe's, with their weights in the mix: what an earlier phase taught and is to be kept, such as parity@think.",
  }),
};

/** A phase's context with the families that its parameters add. */
export function withAddedFamilies<P extends { readonly addFamilies: FamilyMix }>(
  context: PhaseContext<P>,
): PhaseContext<P> {
  return { ...context, families: { ...context.families, ...context.params.addFamilies } };
}

/** What is wrong with names of families at a place in the parameters. */
export function familyMistakes(
  names: readonly string[],
  pathOf: (name: string, index: number) => string[],
): ParamMistake[] {
  return names.flatMap((name, index) => {
    try {
      createFamily(name);
      return [];
    } catch (error) {
      return [{ path: pathOf(name, index), problem: `is refused: ${ForgeError.from(error).message}` }];
    }
  });
}
