import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 6: trains what system prompts do into the weights, so that they need not be there. */
export const phase = definePhase({
  name: 'baking',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    { role: 'baked', kind: 'model', meaning: 'the model, which answers as if the prompts stood before its questions' },
    { role: 'delta', kind: 'delta', meaning: 'the whole change, as low-rank factors; `forge unbake` takes it out' },
    {
      role: 'report',
      kind: 'report',
      meaning: 'before, half-baked and baked: prompts followed, and what was forgotten',
    },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: { bake: async (input, context) => (await import('./bake-task.js')).bakeTask(input, context) },
  proveAgain: async (context) => (await import('./claims.js')).claims(context),
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: [
      ...[
        'following',
        'forgetting',
        'worstForgetting',
        'falseCalls',
        'divergenceBefore',
        'divergenceAfter',
        'keptDivergence',
      ],
      ...['passedThrough', 'firstLoss', 'lastLoss'],
    ],
    rows: ['before', 'half', 'after'],
  },
  gate,
  fallback: null,
});
