import { definePhase } from '../phase.js';
import { check } from './check.js';
import { estimate } from './estimate.js';
import { gate } from './gate.js';
import { params } from './params.js';

/** Phase 7: trains experts of a few kB each that scale the model's singular values, a router between them, and searches the way to answer with them. */
export const phase = definePhase({
  name: 'adas',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [
    {
      role: 'adapted',
      kind: 'model',
      meaning:
        'the model that came in, or with what the recipe applies in its weights, and the agent that answers with it',
    },
    { role: 'experts', kind: 'expert-pack', meaning: 'the expert vectors, and the router between them' },
    { role: 'report', kind: 'report', meaning: 'every expert on every domain, routing, mixtures, agents and controls' },
  ],
  params,
  check,
  estimate,
  resources: { cpus: 2, memoryMiB: 2048 },
  tasks: {
    decompose: async (input, context) => (await import('./decompose-task.js')).decomposeTask(input, context),
    expert: async (input, context) => (await import('./expert-task.js')).expertTask(input, context),
    scoreAgents: async (input, context) => (await import('./agents/score-task.js')).scoreAgentsTask(input, context),
    mix: async (input, context) => (await import('./mix-task.js')).mixTask(input, context),
  },
  proveAgain: async (context) => (await import('./claims.js')).claims(context),
  run: async (context) => (await import('./run.js')).run(context),
  metrics: {
    figures: [
      ...['experts', 'gain', 'diagonal', 'dispatchAccuracy', 'regression', 'packBytes', 'mixtureEvaluations'],
      ...['agentsGenerated', 'agentsAccepted', 'agentsRejected', 'agentAccuracy', 'agentTokens'],
    ],
    rows: ['base', 'routed', 'mixture', 'generalist', 'shuffled', 'applied'],
  },
  gate,
  fallback: null,
});
