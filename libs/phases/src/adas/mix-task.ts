import { join } from 'node:path';
import { ForgeError, type DataSource, type Json } from '@agent-forge/contracts';
import { ExpertScorer, mixtureScales, readExpertPack, type Expert } from '@agent-forge/model';
import { CrossEntropy } from '@agent-forge/search';
import type { FamilyMix } from '../shared/families.js';
import { fitnessOf } from '../shared/fitness.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { Yardstick } from '../shared/yardstick.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { readStart } from './expert-task.js';

/** One search for a mixture: all that it depends on. */
export interface MixInput {
  readonly from: string;
  readonly decomposition: string;
  /** Packs of one expert each. */
  readonly experts: readonly string[];
  /** What the mixture is to be good at. */
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  /** Items of each family of the select part. */
  readonly shots: number;
  readonly textBytes: number;
  readonly generations: number;
  readonly population: number;
  readonly eliteShare: number;
  readonly seed: number;
}

/** What a search found. */
export interface MixOutput {
  /** Parts of the experts by name. */
  readonly mixture: Readonly<Record<string, number>>;
  readonly evaluations: number;
}

/** Begins in the middle between the model itself and all experts at once, and reaches both. */
const START = 0.5;
const SIGMA = 0.5;

/** Searches the mixture of experts that answers a few items of the select part best (Sun et al. 2025, arXiv:2501.06252, section 3.2, few-shot adaptation). */
export async function mixTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as MixInput;
  const { model, decomposition } = await readStart(plan, context);
  const experts = await readExperts(context, plan.experts);
  const { families, data, seed, population, eliteShare, generations } = plan;
  const yardstick = await Yardstick.of(
    { ...context, families, data: data as DataSource[], seed },
    'select',
    plan.shots,
    {
      textBytes: plan.textBytes,
    },
  );
  const settings = { start: experts.map(() => START), sigma: SIGMA, seed: `${seed}/mix`, population, eliteShare };
  const search = new CrossEntropy({ ...settings, bounds: [0, 1] }, context.checkpoint?.state);
  const form = experts[0]!.scales;
  const scorer = await ExpertScorer.create(model, decomposition, form, { threads: context.threads });
  try {
    let savedMs = performance.now();
    while (search.generation < generations) {
      if (context.signal.aborted || performance.now() - savedMs > 1000 * CHECKPOINT_SECONDS) {
        await context.saveCheckpoint({ state: search.state(), artifacts: [] });
        savedMs = performance.now();
      }
      if (context.signal.aborted) throw new ForgeError('CANCELLED', 'the search for a mixture was stopped');
      const fitness: number[] = [];
      for (const genome of search.ask()) {
        const scales = mixtureScales({ experts }, mixtureOf(experts, genome));
        const options = { hasIntervals: false, scorer: scorer.of(scales) };
        fitness.push(fitnessOf(await yardstick.measure(model, context, options)));
      }
      search.tell(fitness);
      context.report({ fraction: search.generation / generations });
    }
  } finally {
    await scorer.release();
  }
  const value: MixOutput = { mixture: mixtureOf(experts, search.center), evaluations: search.evaluations };
  return { value: value as unknown as Json, artifacts: [] };
}

/** The experts of several packs, in their order. */
export async function readExperts(
  { artifacts, workDir }: Pick<TaskContext, 'artifacts' | 'workDir'>,
  packs: readonly string[],
): Promise<Expert[]> {
  const experts: Expert[] = [];
  for (const [i, id] of packs.entries()) {
    const dir = join(workDir, `expert-${i}`);
    await artifacts.materialise(id, dir);
    experts.push(...(await readExpertPack(dir)).experts);
  }
  return experts;
}

function mixtureOf(experts: readonly Expert[], genome: readonly number[]): Record<string, number> {
  return Object.fromEntries(experts.map(({ name }, i) => [name, genome[i]!]));
}
