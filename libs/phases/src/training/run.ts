import { join } from 'node:path';
import { assertAudit, auditWeights, readModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { StageProgress } from '../shared/stage-progress.js';
import { storeReport } from '../shared/report.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { planArms, trainArms, type TrainedArm } from './arms.js';
import { check } from './check.js';
import { choose, INPUT, type Choice } from './choose.js';
import type { TrainingParams } from './params.js';
import { prepare, type Prepared } from './prepare.js';
import { reportOf, steeringFigures } from './report.js';

/** Share of the phase's time that measuring takes, against one arm's training. */
const MEASURING = 0.3;

type Context = PhaseContext<TrainingParams>;

/** Trains every arm from the input, chooses on the select part, measures all on the report part, and passes on what was chosen. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params } = context;
  const [mistake] = check(params, context.families);
  if (mistake) throw paramError('training', mistake);
  const input = await readInputModel('training', context);
  assertTrainable('training', input.model, params.rowLength);
  assertLayers(input.model, params);
  const select = await Yardstick.of(context, 'select', params.itemsPerFamily);
  const plan = await context.plan(() => planArms(context, input, select));
  const prepared = await prepare(context, input, select);
  const stages = params.arms.map((arm) => [`train ${arm}`, 1] as const);
  const progress = new StageProgress(context.report, { ...Object.fromEntries(stages), measure: MEASURING });
  const arms = await trainArms(context, input, prepared, plan, progress);
  const models = await open(context, input, arms);
  const measure = measurer(context, models, progress);
  const choice = choose(await measure(select, 0), params);
  const report = await Yardstick.of(context, 'report', params.itemsPerFamily);
  return conclude(context, input, arms, choice, await measure(report, 1), prepared.figures);
}

/** @throws ForgeError INVALID_ARGUMENT for layers that the model does not have */
function assertLayers({ config }: Model, { selfModelLayers = [] }: TrainingParams): void {
  const missing = selfModelLayers.find((layer) => layer > config.numLayers);
  if (missing !== undefined)
    throw paramError('training', {
      path: ['selfModelLayers'],
      problem: `has ${missing}, and the model has ${config.numLayers} layers`,
    });
}

async function open(
  { artifacts, workDir }: Context,
  { model }: InputModel,
  arms: readonly TrainedArm[],
): Promise<Map<string, Model>> {
  const models = new Map<string, Model>([[INPUT, model]]);
  for (const { arm, artifact } of arms) {
    const dir = join(workDir, `arm-${arm}`);
    await artifacts.materialise(artifact.id, dir);
    const trained = await readModelFolder(dir);
    assertAudit(await auditWeights(trained.config, trained.weights, trained.tokenizer), arm);
    models.set(arm, trained);
  }
  return models;
}

/** Measures every model, in the first half of the time for it or in the second. */
function measurer(context: Context, models: ReadonlyMap<string, Model>, progress: StageProgress) {
  return async (yardstick: Yardstick, half: 0 | 1): Promise<Map<string, Measured>> => {
    const measured = new Map<string, Measured>();
    for (const [name, model] of models) {
      context.signal.throwIfAborted();
      measured.set(name, await yardstick.measure(model, context));
      progress.at('measure', { fraction: (half + measured.size / models.size) / 2 });
    }
    return measured;
  };
}

async function conclude(
  context: Context,
  { artifact: given }: InputModel,
  arms: readonly TrainedArm[],
  choice: Choice,
  measured: ReadonlyMap<string, Measured>,
  prepared: Prepared['figures'],
): Promise<PhaseOutcome> {
  const ids = new Map([[INPUT, given.id], ...arms.map(({ arm, artifact }) => [arm, artifact.id] as const)]);
  const ways = { ...prepared, ...steeringFigures(arms, context.params) };
  const { report, metrics } = reportOf(choice, measured, ids, ways);
  const chosen = arms.find(({ arm }) => arm === choice.chosen);
  const trained = { ...(chosen?.artifact ?? given), role: 'trained' };
  const others = arms.filter((each) => each !== chosen).map(({ artifact }) => artifact);
  return {
    artifacts: [trained, ...others, await storeReport(context, report, [trained.id], metrics)],
    metrics,
    ...(choice.degraded === undefined ? {} : { degraded: choice.degraded }),
  };
}
