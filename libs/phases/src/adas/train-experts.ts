import { performance } from 'node:perf_hooks';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { initScales, measureStepSeconds, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { TRAINING_SHARE } from '../shared/continued.js';
import { noteRollbacks } from '../shared/note-rollbacks.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { Domain } from './domains.js';
import { expertTraining, type ExpertInput, type ExpertStart } from './expert-task.js';
import type { AdasParams } from './params.js';

type Context = PhaseContext<AdasParams>;

/** Rates with which a minute is enough, by method. */
const RATES = { 'next-token': 1e-2, reinforce: 5e-3 } as const;

/** What is decided once: the schedule depends on the number of steps. */
interface Plan {
  /** Of each expert. */
  steps: number;
  secondsPerStep: number;
  [name: string]: number;
}

/** Where the base model and its decomposition are stored. */
export interface StoredStart {
  readonly from: string;
  readonly decomposition: string;
}

/** Trains an expert for each domain. @returns packs of one expert each, in the order of the domains */
export async function trainExperts(
  context: Context,
  stored: StoredStart,
  start: ExpertStart,
  domains: readonly Domain[],
  progress: StageProgress,
): Promise<ArtifactName[]> {
  const { steps } = await context.plan(() => makePlan(context, stored, start, domains));
  const inputs = domains.map((domain) => expertInput(context, stored, domain, steps));
  const outputs = await context.runTasks('expert', inputs as unknown as Json[], (i, now) =>
    progress.at(stageOf(domains[i]!), now),
  );
  for (const [i, output] of outputs.entries()) await noteRollbacks(context, `expert ${domains[i]!.name}`, output);
  return outputs.map(({ artifacts }) => artifacts[0]!);
}

/** What the progress of an expert's training is called. */
export function stageOf({ name }: Pick<Domain, 'name'>): string {
  return `expert ${name}`;
}

function expertInput({ params, seed }: Context, stored: StoredStart, domain: Domain, steps: number): ExpertInput {
  const { method, singularValues = null, rows, rowLength, answers, temperature, maxRollbacks } = params;
  const optimizer: OptimizerOptions = {
    name: 'adamw',
    learningRate: params.learningRate ?? RATES[method],
    // Decay would pull towards 0, which is no expert, and not towards 1, which is the model itself.
    weightDecay: 0,
  };
  const settings = { method, singularValues, rows, rowLength, answers, temperature, maxRollbacks };
  return { ...stored, domain, ...settings, steps, optimizer, seed };
}

/** Steps with which all experts together take the time of the recipe; or those that it says. */
async function makePlan(
  context: Context,
  stored: StoredStart,
  start: ExpertStart,
  domains: readonly Domain[],
): Promise<Plan> {
  const { params } = context;
  if (params.steps !== undefined) return { steps: params.steps, secondsPerStep: 0 };
  context.report({ stage: 'measure the rate', fraction: 0 });
  const plan = expertInput(context, stored, domains[0]!, 1);
  const { training, policy, release } = await expertTraining(plan, start, context);
  try {
    let answering = 0;
    if (policy) {
      const scales = initScales(start.decomposition, params.singularValues);
      // The first call warms up.
      await policy.run(0, scales);
      const startMs = performance.now();
      await policy.run(0, scales);
      answering = (performance.now() - startMs) / 1000;
    }
    const { model, source, optimizer, rule } = training;
    const { threads, signal } = context;
    const learning = await measureStepSeconds({ model, source, optimizer, rule: rule!, threads, signal });
    const secondsPerStep = answering + learning;
    const budget = TRAINING_SHARE * params.maxSeconds;
    return { steps: Math.max(1, Math.round(budget / (secondsPerStep * domains.length))), secondsPerStep };
  } finally {
    await release();
  }
}
