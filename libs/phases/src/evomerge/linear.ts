import { ForgeError } from '@agent-forge/contracts';
import type { LazyWeights } from '@agent-forge/model';

/** Tensors that do not fit and are named in the message; the rest is counted. */
const MAX_SHOWN = 5;

/**
 * The weighted average of models that have the same tensors: Σ wᵢ·xᵢ / Σ wᵢ for every element, added up in double precision (mergekit's
 * `linear` with `normalize`). Lazy: one tensor of every model is in memory at a time.
 * @param weights one for each model; not all 0
 * @throws ForgeError SHAPE_MISMATCH naming the tensors that do not fit, INVALID_ARGUMENT for weights that do not fit
 */
export function linear(models: readonly LazyWeights[], weights: readonly number[]): LazyWeights {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (models.length === 0 || weights.length !== models.length || !(total > 0)) {
    const problem = `${models.length} models need ${models.length} weights that add up to more than 0`;
    throw new ForgeError('INVALID_ARGUMENT', `parameter weights of evomerge is refused: ${problem}`);
  }
  assertSameTensors(models);
  const factors = weights.map((weight) => weight / total);
  return {
    shapes: models[0]!.shapes,
    read: async (name) => {
      const parts = await Promise.all(models.map((model) => model.read(name)));
      return {
        shape: parts[0]!.shape,
        data: average(
          parts.map(({ data }) => data),
          factors,
        ),
      };
    },
  };
}

function average(parts: readonly Float32Array[], factors: readonly number[]): Float32Array {
  const result = new Float32Array(parts[0]!.length);
  for (let i = 0; i < result.length; i++) {
    let sum = 0;
    for (let j = 0; j < parts.length; j++) sum += factors[j]! * parts[j]![i]!;
    result[i] = sum;
  }
  return result;
}

function assertSameTensors([first, ...others]: readonly LazyWeights[]): void {
  const problems = others.flatMap((other) => {
    const names = new Set([...first!.shapes.keys(), ...other.shapes.keys()]);
    return [...names].flatMap((name) => {
      const [a, b] = [first!.shapes.get(name), other.shapes.get(name)];
      return String(a) === String(b) ? [] : [`${name} is [${a ?? 'missing'}] and [${b ?? 'missing'}]`];
    });
  });
  if (problems.length === 0) return;
  const more = problems.length > MAX_SHOWN ? `; and ${problems.length - MAX_SHOWN} more` : '';
  throw new ForgeError(
    'SHAPE_MISMATCH',
    `the models cannot be merged: ${problems.slice(0, MAX_SHOWN).join('; ')}${more}`,
  );
}
