import { join } from 'node:path';
import { ForgeError, type Json } from '@agent-forge/contracts';
import {
  ADD_TOOL,
  exactVerifierOf,
  ModelResponder,
  scoreAgent,
  type AgentDocument,
  type Failure,
  type Limits,
  type Ports,
  type Score,
} from '@agent-forge/agents';
import { readModelFolder, type Model } from '@agent-forge/model';
import type { TaskContext, TaskOutput } from '../../task.js';
import { encoderOf, familyItems, type FamilyMix } from '../families.js';
import { CHECKPOINT_SECONDS } from '../limits.js';

/** Candidates on the items of one part: all that their scores depend on. */
export interface ScoreAgentsInput {
  /** Artifact of the model. */
  readonly model: string;
  /** Artifact of its experts; null where it has none. */
  readonly experts: string | null;
  readonly agents: readonly AgentDocument[];
  readonly families: FamilyMix;
  readonly part: 'select' | 'report';
  readonly itemsPerFamily: number;
  readonly limits: Limits;
  readonly seed: number | string;
}

/** What a model's experts add to the ports; release it when it is no longer needed. */
export interface OpenExperts {
  readonly ports: Pick<Ports, 'experts'>;
  release(): Promise<void>;
}

/** Opens the experts of an artifact for a model. */
export type ExpertsOpener = (artifact: string, model: Model, context: TaskContext) => Promise<OpenExperts>;

/**
 * Scores agents one after the other with one session of the model, so that answers that several of them ask for are computed once. The value has a score or
 * the reason of a failure for each. What is scored is kept every now and then, and a kill goes on from there.
 * @param openExperts needed where an input names experts
 */
export async function scoreAgentsTask(
  input: Json,
  context: TaskContext,
  openExperts?: ExpertsOpener,
  checkpointSeconds = CHECKPOINT_SECONDS,
): Promise<TaskOutput> {
  const plan = input as unknown as ScoreAgentsInput;
  const dir = join(context.workDir, 'model');
  await context.artifacts.materialise(plan.model, dir);
  const model = await readModelFolder(dir);
  const encoder = encoderOf(model);
  const drawn = familyItems(plan.families, plan.part, plan.itemsPerFamily, `${plan.seed}/agents/${plan.part}`);
  // A baked model's right answers are others.
  const items = drawn.map((item) => encoder.asAnswered(item));
  const { threads, signal } = context;
  const responder = await ModelResponder.create(model, { threads, signal });
  if (plan.experts !== null && openExperts === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'an artifact of experts is named, and nothing is there to open it');
  const experts = plan.experts === null ? undefined : await openExperts!(plan.experts, model, context);
  try {
    const ports: Ports = { responder, tool: ADD_TOOL, exactVerifier: exactVerifierOf(items), ...experts?.ports };
    const scores = [...((context.checkpoint?.state ?? []) as unknown as (Score | Failure)[])];
    let savedMs = performance.now();
    for (const agent of plan.agents.slice(scores.length)) {
      signal.throwIfAborted();
      scores.push(await scoreAgent({ agent, seed: plan.seed, limits: plan.limits }, items, ports));
      context.report({ fraction: scores.length / plan.agents.length });
      if (performance.now() - savedMs < 1000 * checkpointSeconds) continue;
      await context.saveCheckpoint({ state: scores as unknown as Json, artifacts: [] });
      savedMs = performance.now();
    }
    return { value: scores as unknown as Json, artifacts: [] };
  } finally {
    await experts?.release();
    await responder.release();
  }
}
