import { makeEvent } from './envelope.js';
import type { ForgeEvent } from './events.js';

const common = { tenant: 'main', run: '01jdqk3v8h6n2t4w9y5x7z0abc', time: '2026-11-23T10:00:00.000Z' };
const run = { ...common, phase: 'run', source: '/agentforge/gateway' };
const phase = { ...common, phase: 'cognate', source: '/agentforge/cognate' };
const attempt = { attempt: 1, worker: '01jdqk4b2m8r6s1v3c5d7f9gha' };
const error = { code: 'DATA_INVALID', message: 'line 3 of train.jsonl is no JSON object' };
const model = { id: 'ab'.repeat(32), kind: 'model', role: 'seed-reasoning' };
const checkpoint = { id: 'cd'.repeat(32), kind: 'checkpoint', role: 'checkpoint' };
const id = (what: string) => `${common.tenant}/${common.run}/${what}`;

/** One valid event of every name, for documentation and tests. */
export const EVENT_EXAMPLES: readonly ForgeEvent[] = [
  makeEvent({
    ...run,
    name: 'run.requested',
    id: id('requested'),
    next: 'cognate',
    data: {
      recipe: {
        name: 'quickstart',
        seed: 7,
        families: { add: 3, sort: 1.5 },
        phases: [
          { phase: 'cognate', params: { steps: 600 } },
          { phase: 'evomerge', allowFallback: true },
        ],
      },
      requestedBy: 'admin',
    },
  }),
  makeEvent({ ...phase, name: 'phase.started', id: id('cognate/started/1/w'), data: attempt }),
  makeEvent({
    ...phase,
    name: 'phase.planned',
    id: id('cognate/planned/1/w'),
    data: { ...attempt, plan: { kind: { case: 'structValue', value: { fields: {} } } } },
  }),
  makeEvent({
    ...phase,
    name: 'phase.progress',
    id: id('cognate/progress/1/17'),
    data: {
      attempt: 1,
      stage: 'train trunk',
      fraction: 0.25,
      step: 150,
      steps: 300,
      secondsLeft: 20,
      metrics: { loss: 1.5 },
    },
  }),
  makeEvent({
    ...phase,
    name: 'phase.checkpointed',
    id: id('cognate/checkpointed/1/2/w'),
    data: {
      ...attempt,
      number: 2,
      state: { kind: { case: 'numberValue', value: 300 } },
      artifacts: [checkpoint],
    },
  }),
  makeEvent({
    ...phase,
    name: 'phase.noted',
    id: id('cognate/noted/1/1/w'),
    data: {
      ...attempt,
      code: 'DIVERGED',
      message:
        'seed-memory: the loss went from 0.4 to 9.1 at step 80; it went back to step 60 and on at 0.5 of its rate',
      metrics: { toStep: 60, rate: 0.5 },
    },
  }),
  makeEvent({ ...phase, name: 'phase.released', id: id('cognate/released/1/w'), data: { ...attempt, error } }),
  makeEvent({
    ...phase,
    name: 'phase.completed',
    id: id('cognate/completed/1/w'),
    next: 'evomerge',
    data: { ...attempt, artifacts: [model], metrics: { specialisation: 1, mergeBarrier: -0.06 } },
  }),
  makeEvent({ ...phase, name: 'phase.failed', id: id('cognate/failed/1/w'), data: { attempt: 1, error } }),
  makeEvent({ ...run, name: 'run.paused', id: id('paused/12'), data: { pausedBy: 'admin', reason: 'lunch' } }),
  makeEvent({ ...run, name: 'run.resumed', id: id('resumed/13'), next: 'cognate', data: { resumedBy: 'admin' } }),
  makeEvent({
    ...run,
    name: 'run.retried',
    id: id('retried/20'),
    next: 'evomerge',
    data: { retriedBy: 'admin', phase: 'evomerge', params: { population: 24 } },
  }),
  makeEvent({
    ...run,
    name: 'run.completed',
    id: id('completed'),
    data: { artifacts: [{ ...model, role: 'merged' }] },
  }),
  makeEvent({ ...run, name: 'run.failed', id: id('failed'), data: { phase: 'cognate', error } }),
  makeEvent({ ...run, name: 'run.cancelled', id: id('cancelled/9'), data: { cancelledBy: 'admin', reason: 'enough' } }),
] as ForgeEvent[];
