import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 1: one trunk, and several seeds from it that specialise; or imported models. */
export const phase = definePhase({
  name: 'cognate',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 0, data: true },
  produces: [
    { role: 'trunk', kind: 'model', meaning: 'trained on the whole mix' },
    { role: 'seed-*', kind: 'model', meaning: 'a branch of the trunk that is to be best at its own families' },
    { role: 'generalist', kind: 'model', meaning: 'the control: a branch on the whole mix with the steps of one seed' },
    { role: 'report', kind: 'report', meaning: 'every model and the plain average of the seeds on every family' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: { train: async (input, context) => (await import('../shared/train-task.js')).trainTask(input, context) },
  proveAgain: async (context) => (await import('./claims.js')).claims(context),
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: ['mergeBarrier', 'specialisation', 'worstAccuracy', 'worstLoss', 'chanceLoss'],
    rows: ['trunk', 'seed*', 'generalist', 'average'],
  },
  gate,
  fallback: null,
});
