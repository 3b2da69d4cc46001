import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { assertAudit, auditWeights, mergeAdapter, openSafetensors, writeModelFolder } from '@agent-forge/model';
import type { Model, Weights } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport } from '../shared/report.js';
import { StageProgress } from '../shared/stage-progress.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { DELTA_FILE, type BakeInput, type BakeOutput } from './bake-task.js';
import { check } from './check.js';
import { keptFamilies } from './examples.js';
import { problemsOf } from './gate.js';
import { askPrompted, falseCalls, followed, ratesOf } from './measure.js';
import type { BakingParams } from './params.js';
import { reportOf } from './report.js';

type Context = PhaseContext<BakingParams>;

/** Bakes the prompts into the weights, measures how far they are followed and what was forgotten, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families } = context;
  const [mistake] = check(params);
  if (mistake) throw paramError('baking', mistake);
  const input = await readInputModel('baking', context);
  const kept = keptFamilies(families, params.bakes);
  const progress = new StageProgress(context.report, { bake: 3, measure: 1 });
  const plan = planOf(context, input, kept);
  const [output] = await context.runTasks('bake', [plan as unknown as Json], (_, now) => progress.at('bake', now));
  const delta = output!.artifacts[0]!;
  const adapter = { factors: await readFactors(context, delta), scale: params.alpha / params.rank };
  const at = (strength: number): Model => ({
    ...input.model,
    weights: mergeAdapter(input.model.weights, adapter, strength),
  });
  const models = new Map([
    ['before', input.model],
    ['half', at(params.strength / 2)],
    ['after', at(params.strength)],
  ]);
  const after = models.get('after')!;
  assertAudit(await auditWeights(after.config, after.weights, after.tokenizer), 'the baked model');
  const { measured, figures } = await measure(context, models, kept, progress);
  const { firstLoss, lastLoss } = output!.value as unknown as BakeOutput;
  return conclude(context, input, after, delta, measured, { ...figures, firstLoss, lastLoss });
}

function planOf({ params, seed }: Context, { artifact }: InputModel, kept: readonly string[]): BakeInput {
  const { steps, rows, keep, queriesPerFamily, rank, alpha, rate, temperature, answerTokens } = params;
  const bakes = params.bakes.map(({ prompt, queries }) => ({ prompt, queries }));
  const settings = { steps, rows, keep, queriesPerFamily, rank, alpha, rate, temperature, answerTokens };
  return { from: artifact.id, bakes, kept, ...settings, seed };
}

async function readFactors({ artifacts, workDir }: Context, { id }: ArtifactName): Promise<Weights> {
  const dir = join(workDir, 'delta');
  await artifacts.materialise(id, dir);
  const file = await openSafetensors(join(dir, DELTA_FILE));
  const factors: Weights = new Map();
  for (const name of file.tensors.keys()) factors.set(name, await file.read(name));
  return factors;
}

async function measure(
  context: Context,
  models: ReadonlyMap<string, Model>,
  kept: readonly string[],
  progress: StageProgress,
) {
  const mix = Object.fromEntries(kept.map((name) => [name, 1]));
  const yardstick = await Yardstick.of({ ...context, families: mix }, 'report', context.params.itemsPerFamily);
  const asked = await askPrompted(context, models.get('before')!);
  const plain = yardstick.items.filter(({ system }) => system === undefined);
  const measured = new Map<string, Measured>();
  const figures: Record<string, number> = {};
  for (const each of asked) add(figures, `${each.bake.name}.prompted`, ratesOf(each, each.prompted));
  for (const [name, model] of models) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model, context));
    for (const each of asked) add(figures, `${each.bake.name}.${name}`, await followed(context, model, each));
    if (plain.length > 0) figures[`falseCalls.${name}`] = await falseCalls(context, model, plain);
    progress.at('measure', { fraction: measured.size / models.size });
  }
  const rates = asked.map(({ bake }) => figures[`${bake.name}.after.following`]!);
  return { measured, figures: { ...figures, following: Math.min(...rates) } };
}

function add(figures: Record<string, number>, of: string, rates: Readonly<Record<string, number>>): void {
  for (const [rate, value] of Object.entries(rates)) figures[`${of}.${rate}`] = value;
}

async function conclude(
  context: Context,
  input: InputModel,
  after: Model,
  delta: ArtifactName,
  measured: ReadonlyMap<string, Measured>,
  figures: Readonly<Record<string, number>>,
): Promise<PhaseOutcome> {
  const { report, metrics: found } = reportOf(measured, figures, context.params);
  const problems = problemsOf({ metrics: found }, context.params);
  const passesThrough = problems.length > 0 && context.params.onForgetting === 'pass-through';
  const metrics = { ...found, passedThrough: passesThrough ? 1 : 0 };
  const first = passesThrough ? { ...input.artifact, role: 'baked' } : await store(context, after, input, metrics);
  const told = passesThrough
    ? { ...report, results: ['before'], verdicts: [...report.verdicts, 'the model that came in goes on, unchanged'] }
    : { ...report, results: ['after'] };
  const artifacts = [first, delta, await storeReport(context, told, [first.id], metrics)];
  return {
    artifacts,
    metrics,
    ...(passesThrough ? { degraded: `pass-through, because ${problems.join('; ')}` } : {}),
  };
}

async function store(
  context: Context,
  model: Model,
  input: InputModel,
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), 'baked');
  await writeModelFolder(dir, model);
  const lineage = lineageOf('baking', context, [input.artifact.id], metrics);
  return context.artifacts.putFolder(dir, 'baked', { kind: 'model', lineage });
}
