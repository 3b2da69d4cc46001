import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import {
  assertAudit,
  auditWeights,
  mergeAdapter,
  openSafetensors,
  withBakedMark,
  type Adapter,
  type Model,
  type Weights,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { StageProgress } from '../shared/stage-progress.js';
import { FACTORS_FILE, type BakeInput, type BakeOutput } from './bake-task.js';
import { check } from './check.js';
import { conclude } from './conclude.js';
import { findOut } from './find-out.js';
import type { Bake, BakingParams } from './params.js';
import { followedForms } from './forms.js';
import { keepable, type Kept } from './questions.js';

type Context = PhaseContext<BakingParams>;

/** Bakes the prompts into the weights, measures how far they are followed and what was forgotten, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families } = context;
  const [mistake] = check(params);
  if (mistake) throw paramError('baking', mistake);
  const input = await readInputModel('baking', context);
  assertTrainable('baking', input.model);
  const kept = await followedForms(context, input.model, keepable(families, params.bakes));
  const progress = new StageProgress(context.report, { bake: 3, measure: 2 });
  const sets = [params.bakes, ...(params.alone && params.bakes.length > 1 ? params.bakes.map((bake) => [bake]) : [])];
  const plans = sets.map((bakes) => planOf(context, input, bakes, kept));
  const outputs = await context.runTasks('bake', plans as unknown as Json[], (i, { fraction }) =>
    progress.at('bake', { fraction: (i + fraction) / plans.length }),
  );
  const adapters: Adapter[] = [];
  for (const { artifacts } of outputs)
    adapters.push({ factors: await readFactors(context, artifacts[0]!), scale: params.alpha / params.rank });
  const models = modelsOf(input.model, adapters, params);
  const after = models.get('after')!;
  assertAudit(await auditWeights(after.config, after.weights, after.tokenizer), 'the baked model');
  const losses = outputs[0]!.value as unknown as BakeOutput;
  const found = await findOut(context, models, kept, progress);
  return conclude(context, input, { model: after, adapter: adapters[0]! }, { ...found, ...losses });
}

function planOf(
  { params, data, seed }: Context,
  { artifact }: InputModel,
  chosen: readonly Bake[],
  kept: Kept,
): BakeInput {
  const { steps, rows, keep, textShare, queriesPerFamily, rank, alpha, rate, topK, temperature, answerTokens } = params;
  const bakes = chosen.map(({ prompt, queries, questions, share = 1 }) => ({
    ...{ prompt, share },
    ...(queries ? { queries } : {}),
    ...(questions ? { questions } : {}),
  }));
  const settings = {
    steps,
    rows,
    keep,
    textShare,
    queriesPerFamily,
    rank,
    alpha,
    rate,
    topK,
    temperature,
    answerTokens,
  };
  return { from: artifact.id, bakes, kept, data, ...settings, seed };
}

async function readFactors({ artifacts, workDir }: Context, { id }: ArtifactName): Promise<Weights> {
  const dir = join(await mkdtemp(join(workDir, 'adapter-')), 'files');
  await artifacts.materialise(id, dir);
  const file = await openSafetensors(join(dir, FACTORS_FILE));
  const factors: Weights = new Map();
  for (const name of file.tensors.keys()) factors.set(name, await file.read(name));
  return factors;
}

/** Everything that is measured, by name. What has prompts in its weights is marked with them. */
function modelsOf(
  base: Model,
  [together, ...alone]: readonly Adapter[],
  { bakes, strength }: BakingParams,
): Map<string, Model> {
  const at = (adapter: Adapter, part: number, marked: readonly Bake[]): Model => ({
    ...base,
    weights: mergeAdapter(base.weights, adapter, part),
    config: withBakedMark(base.config, Object.fromEntries(marked.flatMap(marksOf))),
  });
  return new Map([
    ['before', base],
    ['half', at(together!, strength / 2, bakes)],
    ['after', at(together!, strength, bakes)],
    ...alone.map((adapter, i) => [`alone-${bakes[i]!.name}`, at(adapter, strength, [bakes[i]!])] as const),
  ]);
}

function marksOf({ prompt, queries = [] }: Bake): (readonly [string, string])[] {
  return queries.map((family) => [family, prompt] as const);
}
