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
/** What the search found was found on few items; so many times as many others decide whether it is taken. */
const FRESH = 4;
/** Other rounds draw other items. */
const ROUNDS = { search: 0, decide: 1 } as const;

/**
 * Searches the mixture of experts that answers a few items of the select part best (Sun et al. 2025, arXiv:2501.06252, section 3.2, few-shot adaptation), and takes
 * it where it is better on fresh items than no expert and than each alone.
 */
export async function mixTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as MixInput;
  const start = await readStart(plan, context);
  const experts = await readExperts(context, plan.experts);
  const { seed, population, eliteShare } = plan;
  const settings = { start: experts.map(() => START), sigma: SIGMA, seed: `${seed}/mix`, population, eliteShare };
  const search = new CrossEntropy({ ...settings, bounds: [0, 1] }, context.checkpoint?.state);
  const { threads } = context;
  const scorer = await ExpertScorer.create(start.model, start.decomposition, experts[0]!.scales, { threads });
  const judge = (yardstick: Yardstick) => async (genome: readonly number[]) => {
    const options = { hasIntervals: false, scorer: scorer.of(mixtureScales({ experts }, mixtureOf(experts, genome))) };
    return fitnessOf(await yardstick.measure(start.model, context, options));
  };
  try {
    await searchOn(judge(await yardstickOf(plan, context, 'search')), search, plan.generations, context);
    const best = await decide(judge(await yardstickOf(plan, context, 'decide')), search.center);
    const value: MixOutput = { mixture: mixtureOf(experts, best), evaluations: search.evaluations };
    return { value: value as unknown as Json, artifacts: [] };
  } finally {
    await scorer.release();
  }
}

type Judge = (genome: readonly number[]) => Promise<number>;

async function searchOn(judge: Judge, search: CrossEntropy, generations: number, context: TaskContext): Promise<void> {
  let savedMs = performance.now();
  while (search.generation < generations) {
    if (context.signal.aborted || performance.now() - savedMs > 1000 * CHECKPOINT_SECONDS) {
      await context.saveCheckpoint({ state: search.state(), artifacts: [] });
      savedMs = performance.now();
    }
    if (context.signal.aborted) throw new ForgeError('CANCELLED', 'the search for a mixture was stopped');
    const fitness: number[] = [];
    for (const genome of search.ask()) fitness.push(await judge(genome));
    search.tell(fitness);
    context.report({ fraction: search.generation / generations });
  }
}

/** The best of what was found, no expert, and each alone; the first of equals. */
async function decide(judge: Judge, found: readonly number[]): Promise<readonly number[]> {
  const alone = found.map((_, i) => found.map((__, k) => (k === i ? 1 : 0)));
  let [best, lowest] = [found, Infinity];
  for (const genome of [found.map(() => 0), ...alone, found]) {
    const fitness = await judge(genome);
    if (fitness < lowest) [best, lowest] = [genome, fitness];
  }
  return best;
}

function yardstickOf(
  { families, data, seed, shots, textBytes }: MixInput,
  context: TaskContext,
  round: keyof typeof ROUNDS,
): Promise<Yardstick> {
  const times = round === 'decide' ? FRESH : 1;
  return Yardstick.of({ ...context, families, data: data as DataSource[], seed }, 'select', times * shots, {
    round: ROUNDS[round],
    textBytes: times * textBytes,
  });
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
