import { join } from 'node:path';
import type { Json } from '@agent-forge/contracts';
import {
  ADD_TOOL,
  exactVerifierOf,
  ModelResponder,
  packExperts,
  scoreAgent,
  type AgentDocument,
  type Failure,
  type Limits,
  type ModelExperts,
  type Ports,
  type Score,
} from '@agent-forge/agents';
import { readDecomposition, readExpertPack, readModelFolder, type Model } from '@agent-forge/model';
import type { TaskContext, TaskOutput } from '../../task.js';
import { encoderOf, familyItems, type FamilyMix } from '../../shared/families.js';
import { DECOMPOSITION_FILE } from '../decompose-task.js';
import { CHECKPOINT_SECONDS } from '../../shared/limits.js';

/** Candidates on the items of one part: all that their scores depend on. */
export interface ScoreAgentsInput {
  /** Artifact of the model. */
  readonly model: string;
  /** Its experts; null where it has none. */
  readonly experts: StoredExperts | null;
  readonly agents: readonly AgentDocument[];
  readonly families: FamilyMix;
  readonly part: 'select' | 'report';
  readonly itemsPerFamily: number;
  readonly limits: Limits;
  readonly seed: number | string;
}

/** Where the experts of a model are. */
export interface StoredExperts {
  /** Artifact of their pack. */
  readonly pack: string;
  /** Artifact of the model's decomposition. */
  readonly decomposition: string;
}

/**
 * Scores agents one after the other with one session of the model, so that answers that several of them ask for are computed once. The value has a score or
 * the reason of a failure for each. What is scored is kept every now and then, and a kill goes on from there.
 */
export async function scoreAgentsTask(
  input: Json,
  context: TaskContext,
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
  const experts = plan.experts === null ? undefined : await openExperts(plan.experts, model, responder, context);
  try {
    const ports: Ports = {
      responder,
      tool: ADD_TOOL,
      exactVerifier: exactVerifierOf(items),
      ...(experts ? { experts } : {}),
    };
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

async function openExperts(
  stored: StoredExperts,
  model: Model,
  responder: ModelResponder,
  { artifacts, workDir, threads, signal }: TaskContext,
): Promise<ModelExperts> {
  const [packDir, factorsDir] = [join(workDir, 'pack'), join(workDir, 'factors')];
  await artifacts.materialise(stored.pack, packDir);
  await artifacts.materialise(stored.decomposition, factorsDir);
  const decomposition = await readDecomposition(join(factorsDir, DECOMPOSITION_FILE));
  return packExperts(model, await readExpertPack(packDir), responder, { decomposition, threads, signal });
}
