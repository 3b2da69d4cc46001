import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 2: searches for the best merge of the seed models, and measures it beside its parents and its controls. */
export const phase = definePhase({
  name: 'evomerge',
  module: import.meta.url,
  // A recipe's own merge needs nothing to be scored on.
  consumes: { kind: 'model', atLeast: 2, data: true, relaxed: { by: 'recipe', atLeast: 1, data: false } },
  produces: [
    { role: 'merged', kind: 'model', meaning: 'the champion of the search' },
    { role: 'report', kind: 'report', meaning: 'trunk, parents, plain average, champion and controls on every family' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: { score: async (input, context) => (await import('./score-task.js')).scoreTask(input, context) },
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: ['evaluations', 'generations', 'regression'],
    rows: ['trunk', 'seed*', 'generalist', 'average', 'champion', 'oneGram', 'threeGram'],
  },
  gate,
  fallback: { name: 'simple-average', run: async (context) => (await import('./run.js')).simpleAverage(context) },
});
