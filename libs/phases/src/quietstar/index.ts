import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 3: teaches the model to think before it answers, and measures whether what it thinks is what helps. */
export const phase = definePhase({
  name: 'quietstar',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    { role: 'thinker', kind: 'model', meaning: 'the model, its thoughts as ordinary tokens' },
    {
      role: 'distilled',
      kind: 'model',
      meaning: 'with distilSteps: a copy that learnt to answer at once what the thinker answers',
    },
    { role: 'mixing-head', kind: 'checkpoint', meaning: 'what mixed thoughts in while training; nothing needs it' },
    { role: 'report', kind: 'report', meaning: 'before, after, and thinking beside its controls' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: {
    train: async (input, context) => (await import('../shared/train-task.js')).trainTask(input, context),
    distil: async (input, context) => (await import('./distil-task.js')).distilTask(input, context),
    think: async (input, context) => (await import('./think-task.js')).thinkTask(input, context),
  },
  proveAgain: async (context) => (await import('./claims.js')).claims(context),
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: [
      'gainLow',
      'regression',
      'passedThrough',
      'warmSteps',
      'reinforcementSteps',
      'reward',
      'mixingShare',
      'answersRight',
    ],
    rows: ['before', 'after', 'thinking', 'noThoughts', 'pause', 'shuffled', 'skipped', 'taught', 'distilled'],
  },
  gate,
  fallback: null,
});
