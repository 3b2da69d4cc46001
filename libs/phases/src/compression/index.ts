import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 8: stores the model in several ways, measures each, and hands on the smallest that keeps what the model can do. */
export const phase = definePhase({
  name: 'compression',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    { role: 'final', kind: 'model', meaning: 'what was chosen, as a Hugging Face folder; packed where it is ternary' },
    { role: 'gguf-*', kind: 'export', meaning: 'for llama.cpp' },
    { role: 'onnx-*', kind: 'export', meaning: 'for onnxruntime and transformers.js' },
    { role: 'compressed', kind: 'export', meaning: 'the smallest form: one file of codes, decoded tensor by tensor' },
    {
      role: 'report',
      kind: 'report',
      meaning: 'every candidate on select; what came in and what was chosen on report',
    },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: {
    encode: async (input, context) => (await import('./encode-task.js')).encodeTask(input, context),
    score: async (input, context) => (await import('./score-task.js')).scoreTask(input, context),
  },
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: [
      ...[
        'retention',
        'retentionLow',
        'teacherRetention',
        'sizeBytes',
        'folderBytes',
        'inputBytes',
        'timesSmaller',
        'bitsPerWeight',
      ],
      ...['candidates', 'refused', 'exportLossDrift'],
    ],
    rows: ['before', 'teacher', 'after', 'runnerUp'],
  },
  gate,
  fallback: null,
});
