import { measureStepSeconds, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { readCorpus } from '../shared/corpus.js';
import { mixtureSource } from '../shared/mixture.js';
import { mixOf } from './mixes.js';
import { trainingsOf, type QuietstarParams } from './params.js';
import { measureReinforceSeconds, type ReinforceInput } from './reinforce-task.js';

type Context = PhaseContext<QuietstarParams>;

/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.3;
/** The shares of a time budget that teaching, its controls and distilling get together, and that reinforcement gets; the rest is for measuring. */
const TEACHING_SHARE = 0.6;
const REINFORCING_SHARE = 0.2;

/** What is decided once: schedules depend on the numbers of steps. */
export interface QuietstarPlan {
  /** Of teaching; the controls have those of the reinforcement as well. */
  teach: number;
  reinforce: number;
  [name: string]: number;
}

/** How thoughts are taught. */
export function teachingOptimizer({ learningRate }: QuietstarParams): OptimizerOptions {
  return { name: 'muon', learningRate, adamwLearningRate: ADAMW_FACTOR * learningRate };
}

/** What is to be reinforced, but for the model and the steps. */
export function reinforcement({ params, seed }: Context): Omit<ReinforceInput, 'model' | 'steps'> {
  const { teach, reinforceRows, passes, clampRewards, temperature, policyWeight, reinforceRate } = params;
  return {
    ...{ families: teach, rows: reinforceRows, passes, clamp: clampRewards, temperature, policyWeight, seed },
    learningRate: reinforceRate,
  };
}

/** Steps out of the recipe, or out of its time and what a step takes here. */
export async function plan(context: Context, model: Model): Promise<QuietstarPlan> {
  const { params, families, threads, signal } = context;
  const { steps, reinforceSteps, maxSeconds } = params;
  if (steps !== undefined && reinforceSteps !== undefined) return { teach: steps, reinforce: reinforceSteps };
  context.report({ stage: 'measure the rate', fraction: 0 });
  const texts = context.data.length > 0 ? (await readCorpus(context)).train : [];
  const mixture = { families: mixOf(families, params, 'think'), texts, textShare: params.textShare };
  const source = mixtureSource(mixture, model, { rows: params.rows, length: params.rowLength, seed: 'rate' });
  const optimizer = teachingOptimizer(params);
  const teaching = await measureStepSeconds({ model, source, optimizer, threads, signal });
  const reinforcing = await measureReinforceSeconds({ ...reinforcement(context), model: '', steps: 2 }, model, context);
  const affordable = (share: number, seconds: number) => Math.max(1, Math.round((share * maxSeconds) / seconds));
  return {
    teach: steps ?? affordable(TEACHING_SHARE / trainingsOf(params), teaching),
    reinforce: reinforceSteps ?? affordable(REINFORCING_SHARE, reinforcing),
  };
}
