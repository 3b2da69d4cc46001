import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 3: teaches the model to think before it answers, and proves that its thoughts help. */
export const phase = definePhase({
  name: 'quietstar',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    {
      role: 'thinking',
      kind: 'model',
      meaning: 'writes its thoughts as tokens before answers; the input where thinking did not help',
    },
    { role: 'distilled', kind: 'model', meaning: 'the thinking model, trained to answer without thoughts' },
    { role: 'no-thoughts', kind: 'model', meaning: 'the control: trained on for as many steps without thoughts' },
    { role: 'pause', kind: 'model', meaning: 'the control: as many tokens before answers, which say nothing' },
    { role: 'mixing-head', kind: 'export', meaning: 'the mixing head of the reinforcement, which nothing else needs' },
    { role: 'report', kind: 'report', meaning: 'thinking against no thoughts, pauses, and thoughts of other items' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: {
    train: async (input, context) => (await import('../shared/train-task.js')).trainTask(input, context),
    reinforce: async (input, context) => (await import('./reinforce-task.js')).reinforceTask(input, context),
  },
  run: async (context) => (await import('./run.js')).run(context),
  gate,
  fallback: null,
});
