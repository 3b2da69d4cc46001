import { Rng } from '@agent-forge/contracts';
import { MERGE_METHODS } from '../methods/index.js';
import type { MergeMethod } from '../method.js';
import { StoredOperand } from '../operand.js';
import { ValueOutput } from '../output.js';
import type { ParameterSpecs, Scalar } from '../parameters.js';

type Given = Readonly<Record<string, Scalar>>;

/** One tensor to merge. */
export interface MergeValues {
  readonly base?: readonly number[] | Float32Array;
  readonly inputs: readonly (readonly number[] | Float32Array)[];
  /** Parameters of all, and of each input where they differ. */
  readonly parameters?: Given;
  readonly each?: readonly Given[];
  /** Default: one row. */
  readonly shape?: readonly number[];
  readonly seed?: number;
}

/** Merges values as a method merges one tensor, with its defaults where nothing is said. */
export function mergeValues(name: string, values: MergeValues): Float32Array {
  const { base, inputs, parameters = {}, each = [], seed = 0 } = values;
  const method = MERGE_METHODS.get(name)!;
  const others = method.base === 'ignored' && base !== undefined ? [...inputs, base] : inputs;
  const length = (base ?? inputs[0]!).length;
  const out = new Float32Array(length);
  method.merge(
    {
      name: 'tensor',
      shape: values.shape ?? [1, length],
      base: method.base === 'ignored' || base === undefined ? null : operand(base),
      shared: resolved(method.shared, parameters),
      inputs: others.map((input, i) => ({
        tensor: operand(input),
        parameters: resolved(method.perInput, { weight: 1, ...parameters, ...each[i] }),
        random: () => Rng.derive(seed, 'test', i),
      })),
    },
    new ValueOutput(out),
  );
  return out;
}

const operand = (values: readonly number[] | Float32Array): StoredOperand =>
  StoredOperand.from({ shape: [values.length], data: Float32Array.from(values) });

function resolved(specs: ParameterSpecs, given: Given): Record<string, unknown> {
  const entries = Object.entries(specs).map(([name, spec]) => {
    return [name, Object.hasOwn(given, name) ? spec.parse(given[name]!) : spec.fallback];
  });
  return Object.fromEntries(entries);
}

/** Seeded values as weights have them. */
export function gaussian(length: number, seed: number | string, deviation = 1): Float32Array {
  const rng = Rng.derive(seed, 'values');
  return Float32Array.from({ length }, () => deviation * rng.normal());
}

/** All methods that need a base model, and those that may have one. */
export const METHODS: readonly MergeMethod[] = [...MERGE_METHODS.values()];
