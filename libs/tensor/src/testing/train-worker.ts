import { adamw } from '../optim/adamw.js';
import type { WorkerContext } from '../session/worker.js';
import { buildTrainProgram } from '../training/program.js';
import { TrainLoop } from '../training/train-loop.js';
import { digest } from './drive.js';
import { PARAMETERS, batch, batchFields, initial, tinyLoss } from './tiny-network.js';

export interface TrainWork {
  /** Sequences in a batch. */
  readonly rows: number;
  /** Calls of the session, each of `stepsPerCall` optimiser steps. */
  readonly calls: number;
  readonly stepsPerCall: number;
}

/** Trains the tiny network; gives the digest of everything it learned. Progress is the loss after every call. */
export async function run({ rows, calls, stepsPerCall }: TrainWork, context?: WorkerContext<number>): Promise<string> {
  const program = buildTrainProgram({
    parameters: PARAMETERS,
    batch: batchFields(rows),
    loss: tinyLoss(rows),
    optimizer: adamw({ learningRate: 0.01 }),
  });
  const loop = await TrainLoop.create(program, initial(), { threads: 1 });
  for (let call = 0; call < calls; call++) {
    context?.signal.throwIfAborted();
    const batches = Array.from({ length: stepsPerCall }, (_, i) => batch(call * stepsPerCall + i, rows));
    const reports = await loop.advance(batches, () => 1);
    context?.progress(reports.at(-1)!.loss);
  }
  const result = digest(loop, program);
  await loop.release();
  return result;
}
