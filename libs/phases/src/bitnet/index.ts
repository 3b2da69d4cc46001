import { definePhase } from '../phase.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 4: trains the model on with ternary weights in its forward pass, and writes it in the forms that others read. */
export const phase = definePhase({
  name: 'bitnet',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    {
      role: 'ternary',
      kind: 'model',
      meaning: 'floating-point weights with the ternary mark: every forward pass quantises them',
    },
    {
      role: 'float-continued',
      kind: 'model',
      meaning: 'the control: the parent trained on for the same steps without a quantiser',
    },
    { role: 'gguf-*', kind: 'export', meaning: 'for llama.cpp' },
    { role: 'hf-packed', kind: 'export', meaning: 'for transformers, four weights in a byte' },
    { role: 'onnx-q2', kind: 'export', meaning: 'for onnxruntime and transformers.js, two bits a weight' },
    { role: 'report', kind: 'report', meaning: 'parent, control, ternary without and with training, and every form' },
  ],
  params,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: { train: async (input, context) => (await import('../shared/train-task.js')).trainTask(input, context) },
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: [
      ...['retention', 'retentionLow', 'retentionHigh'],
      ...['controlRetention', 'controlRetentionLow', 'controlRetentionHigh'],
      ...['exportLossDrift', 'onnxFp32TokensPerSecond', 'onnxQ2TokensPerSecond'],
      ...['ggufTq2Bytes', 'ggufTq1Bytes', 'hfPackedBytes', 'onnxQ2Bytes'],
    ],
    rows: ['parent', 'postTraining', 'ternary', 'floatContinued'],
  },
  gate,
  fallback: null,
});
