import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type Optimizer, TrainLoop, adamw, buildTrainProgram, sgd } from '@agent-forge/tensor';
import { parseConfig } from '../config.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { Weights } from '../weights.js';
import { batchFields, languageModelLoss } from './language-model-loss.js';
import { parametersOf } from './optimizer-options.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));
const [ROWS, LENGTH] = [4, 16];

interface Recorded {
  readonly steps: readonly { lr: number; loss: number; grad_norm_before_clip: number }[];
}

/** Batches [12, 4, 17] of the fixture: inputs are all but the last token, targets all but the first. */
async function batches(path: string) {
  const { data } = await (await openSafetensors(path)).readTyped('batches');
  const tokens = Int32Array.from(data as BigInt64Array, Number);
  return Array.from({ length: 12 }, (_, t) => {
    const cut = (shift: number) =>
      Int32Array.from(
        { length: ROWS * LENGTH },
        (_, i) => tokens[(t * ROWS + Math.floor(i / LENGTH)) * (LENGTH + 1) + (i % LENGTH) + shift]!,
      );
    return { inputIds: cut(0), targets: cut(1), weights: new Float32Array(ROWS * LENGTH).fill(1 / (ROWS * LENGTH)) };
  });
}

async function startWeights(): Promise<Weights> {
  const file = await openSafetensors(`${FIXTURES}/hf/llama-gqa/model.safetensors`);
  const weights: Weights = new Map();
  for (const name of file.tensors.keys()) weights.set(name, await file.read(name));
  return weights;
}

/** The optimiser with learning rate 1, so that the schedule's factor is the recorded rate itself. */
const optimizers: Record<string, Optimizer> = {
  adamw: adamw({ learningRate: 1, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 }),
  'sgd-nesterov': sgd({ learningRate: 1, momentum: 0.9 }),
};

describe('twelve steps agree with PyTorch', () => {
  test.each(Object.keys(optimizers))('%s: losses, gradient norms and final weights', async (name) => {
    const recorded = JSON.parse(await readFile(`${FIXTURES}/optim/${name}.json`, 'utf8')) as Recorded;
    const config = parseConfig(JSON.parse(await readFile(`${FIXTURES}/hf/llama-gqa/config.json`, 'utf8')));
    const weights = await startWeights();
    const shape = { rows: ROWS, length: LENGTH, packed: false };
    const program = buildTrainProgram({
      parameters: parametersOf(weights),
      batch: batchFields(shape),
      loss: languageModelLoss(config, shape),
      optimizer: optimizers[name]!,
      clipNorm: 1,
    });
    const loop = await TrainLoop.create(program, new Map([...weights].map(([n, t]) => [n, t.data])));
    const reports = await loop.advance(
      await batches(`${FIXTURES}/optim/${name}.safetensors`),
      (step) => recorded.steps[step - 1]!.lr,
    );
    recorded.steps.forEach(({ loss, grad_norm_before_clip }, i) => {
      expect(Math.abs(reports[i]!.loss - loss)).toBeLessThan(1e-4);
      expect(Math.abs(reports[i]!.gradientNorm - grad_norm_before_clip)).toBeLessThan(1e-3);
    });
    const final = await openSafetensors(`${FIXTURES}/optim/${name}.safetensors`);
    let [difference, size] = [0, 0];
    for (const { name: parameter } of parametersOf(weights)) {
      const want = (await final.read(`final.${parameter}`)).data;
      const got = loop.value(parameter);
      want.forEach((w, i) => {
        expect(Math.abs((got[i] as number) - w)).toBeLessThan(1e-4);
        difference += ((got[i] as number) - w) ** 2;
        size += w ** 2;
      });
    }
    expect(Math.sqrt(difference / size)).toBeLessThan(1e-5);
    await loop.release();
  });
});
