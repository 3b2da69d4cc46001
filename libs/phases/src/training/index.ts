import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 5: trains the model on in several ways at equal tokens, and passes on the one that is best on the select part. */
export const phase = definePhase({
  name: 'training',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    {
      role: 'trained',
      kind: 'model',
      meaning: 'the arm that was best on the select part, or the input where none was better',
    },
    { role: 'arm-*', kind: 'model', meaning: 'the other arms' },
    { role: 'report', kind: 'report', meaning: 'the input and every arm on every family' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: {
    train: async (input, context) => (await import('./arm-task.js')).armTask(input, context),
    rank: async (input, context) => (await import('./rank-task.js')).rankTask(input, context),
    dream: async (input, context) => (await import('./dream-task.js')).dreamTask(input, context),
  },
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: ['regression', 'lossReduction', 'dreamsKept'],
    rows: ['before', 'after', 'plain', 'weightDecay', 'grokfast', 'shuffled', 'selfModel', 'dream'],
  },
  gate,
  fallback: null,
});
