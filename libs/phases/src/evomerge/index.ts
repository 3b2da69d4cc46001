import { definePhase } from '../phase.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 2: merges the seed models into one and measures it beside its parents and baselines. */
export const phase = definePhase({
  name: 'evomerge',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    { role: 'merged', kind: 'model', meaning: 'the merge of all seeds' },
    { role: 'report', kind: 'report', meaning: 'held-out bits per byte of trunk, seeds, merge and baselines' },
  ],
  params,
  resources: { cpus: 2, memoryMiB: 2048 },
  run: async (context) => (await import('./run.js')).run(context),
  gate,
  fallback: null,
});
