import { definePhase } from '../phase.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 1: trains one trunk on the whole text and from it several seed models, each on a share of its own. */
export const phase = definePhase({
  name: 'cognate',
  module: import.meta.url,
  consumes: { atLeast: 0, data: true },
  produces: [
    { role: 'trunk', kind: 'model', meaning: 'the model that all seeds begin from' },
    { role: 'seed-*', kind: 'model', meaning: 'the trunk, trained on with one share of the text' },
  ],
  params,
  resources: { cpus: 2, memoryMiB: 2048 },
  // Loaded in the worker thread only, so that services which merely name the phase do not load the tensor engine.
  run: async (context) => (await import('./run.js')).run(context),
  gate,
  fallback: null,
});
