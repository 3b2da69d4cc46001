import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import { assertAudit, auditWeights, readModelFolder, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { continuedInput, planContinued } from '../shared/continued-training.js';
import { readCorpus } from '../shared/corpus.js';
import { writeForms } from '../shared/forms.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { mixtureSource } from '../shared/mixture.js';
import { runTrainings } from '../shared/run-trainings.js';
import { StageProgress } from '../shared/stage-progress.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import type { BitnetParams } from './params.js';
import { reportOn, ROWS } from './report.js';
import { measureSpeed } from './speed.js';
import { markOf, storeStart, ternaryStart } from './start.js';

type Context = PhaseContext<BitnetParams>;

/** About what measuring and writing take, as a part of the time of the trainings. */
const REST = 0.25;

/** Trains the model on with ternary weights, and without as its control; writes every form; measures all of it. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params } = context;
  const input = await readInputModel('bitnet', context);
  if (input.model.config.ternary)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'the model has the ternary mark already; bitnet works on floating-point ones',
    );
  assertTrainable('bitnet', input.model, params.rowLength);
  const { lineage } = await context.artifacts.manifest(input.artifact.id);
  const mark = markOf(params, lineage.phase === 'import');
  const progress = progressOf(context);
  const start = await ternaryStart(context, input.model, mark, await firstBatches(context, input.model));
  const trained = await train(context, input, start, progress);
  const models = new Map<string, Model>([
    [ROWS.parent, input.model],
    [ROWS.untrained, { ...input.model, config: { ...input.model.config, ternary: mark } }],
  ]);
  for (const artifact of trained) models.set(artifact.role, await open(context, artifact));
  const ternary = models.get(ROWS.ternary)!;
  assertAudit(await auditWeights(ternary.config, ternary.weights, ternary.tokenizer), ROWS.ternary);
  const yardstick = await Yardstick.of(context, 'report', params.itemsPerFamily);
  const measured = new Map<string, Measured>();
  for (const [name, model] of models) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model, context));
    progress.at('measure', { fraction: measured.size / models.size });
  }
  const wanted = { phase: 'bitnet', forms: params.exports, from: trained[0]!, model: ternary, yardstick };
  const forms = await writeForms(context, wanted, (fraction) => progress.at('exports', { fraction }));
  const speed = params.speedTokens > 0 ? await measureSpeed(context, ternary, params.speedTokens) : {};
  return reportOn(context, { input: input.artifact, trained, measured, forms, speed });
}

async function firstBatches({ params, families, data, ...context }: Context, model: Model) {
  const texts = data.length > 0 ? (await readCorpus({ ...context, data })).train : [];
  const shape = { rows: params.rows, length: params.rowLength, seed: 'rms' };
  return mixtureSource({ families, texts, textShare: params.textShare }, model, shape);
}

/** @returns the ternary model, and the control where there is one */
async function train(
  context: Context,
  input: InputModel,
  start: Model,
  progress: StageProgress,
): Promise<ArtifactName[]> {
  const { params } = context;
  const begun = await storeStart(context, input, start);
  const optimizers = { ternary: ternaryOptimizer(params), control: controlOptimizer(params) };
  const { steps } = await planContinued(context, [
    { model: start, optimizer: optimizers.ternary },
    ...(params.control ? [{ model: input.model, optimizer: optimizers.control }] : []),
  ]);
  const inputs = [
    {
      ...continuedInput('bitnet', ROWS.ternary, context, steps),
      from: { model: begun.id },
      optimizer: optimizers.ternary,
      ramp: params.ramp,
    },
    ...(params.control
      ? [
          {
            ...continuedInput('bitnet', ROWS.control, context, steps),
            from: { model: input.artifact.id },
            optimizer: optimizers.control,
          },
        ]
      : []),
  ];
  return runTrainings(context, inputs, (role, now) => progress.at(`train ${role}`, now));
}

function ternaryOptimizer({ learningRate, schedule, weightDecay }: BitnetParams): OptimizerOptions {
  return { name: 'adamw', learningRate, schedule, weightDecay };
}

function controlOptimizer({ controlRate, weightDecay }: BitnetParams): OptimizerOptions {
  return { name: 'adamw', learningRate: controlRate, weightDecay };
}

function progressOf({ report, params }: Context): StageProgress {
  const trainings = params.control ? 2 : 1;
  return new StageProgress(report, {
    [`train ${ROWS.ternary}`]: 1,
    ...(params.control ? { [`train ${ROWS.control}`]: 1 } : {}),
    measure: (REST * trainings) / 2,
    exports: (REST * trainings) / 2,
  });
}

async function open({ artifacts, workDir }: Context, { id, role }: ArtifactName): Promise<Model> {
  const dir = join(workDir, role);
  await artifacts.materialise(id, dir);
  return readModelFolder(dir);
}
