import { createHash } from 'node:crypto';
import type { FloatType } from '../ir/dtype.js';
import { fromNumbers } from '../ir/dtype.js';
import { add } from '../ops/add.js';
import { mul } from '../ops/mul.js';
import { reduceSum } from '../ops/reduce-sum.js';
import type { GradientFilter, Optimizer, Parameter } from '../optim/optimizer.js';
import { type TrainProgram, buildTrainProgram } from '../training/program.js';
import { TrainLoop } from '../training/train-loop.js';

/** An optimiser and everything around it, to be fed gradients. */
export interface DriveOptions {
  readonly parameters: readonly Parameter[];
  readonly optimizer: Optimizer;
  readonly filter?: GradientFilter;
  readonly clipNorm?: number;
  readonly float?: FloatType;
}

/**
 * A training program whose gradients are what the batch says: its loss is Σ parameter · gradient, so d(loss)/d(parameter)
 * is the batch field named after the parameter.
 */
export function givenGradients({ parameters, ...rest }: DriveOptions): TrainProgram {
  return buildTrainProgram({
    float: 'float64',
    ...rest,
    parameters,
    batch: Object.fromEntries(parameters.map((p) => [p.name, { dtype: 'float32', shape: p.shape }])),
    loss: (_, values, batch) => ({
      loss: parameters.map((p) => reduceSum(mul(values.get(p.name)!, batch[p.name]!))).reduce(add),
    }),
  });
}

/** Values of one step by parameter name. */
export type Named = Readonly<Record<string, readonly number[]>>;

/** What the parameters are after every step, when the optimiser gets these gradients one after another. */
export async function drive(
  options: DriveOptions,
  initial: Named,
  gradients: readonly Named[],
  factor: (step: number) => number = () => 1,
): Promise<Record<string, number[]>[]> {
  const program = givenGradients(options);
  const typed = (named: Named) =>
    Object.entries(named).map(([name, v]) => [name, fromNumbers(program.graph.float, v)] as const);
  const loop = await TrainLoop.create(program, new Map(typed(initial)), { threads: 1 });
  const path: Record<string, number[]>[] = [];
  for (const g of gradients) {
    await loop.advance([Object.fromEntries(typed(g))], factor);
    path.push(Object.fromEntries(options.parameters.map((p) => [p.name, numbers(loop, p.name)])));
  }
  await loop.release();
  return path;
}

export function numbers(loop: TrainLoop, name: string): number[] {
  return Array.from(loop.value(name) as Float64Array);
}

/** SHA-256 over all parameters and all state of a loop, in the order of the program. */
export function digest(loop: TrainLoop, program: TrainProgram): string {
  const hash = createHash('sha256');
  for (const { name } of [...program.options.parameters, ...program.slots]) hash.update(loop.value(name));
  return hash.digest('hex');
}
