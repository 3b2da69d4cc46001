import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { writeForms } from '../shared/forms.js';
import { StageProgress } from '../shared/stage-progress.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { check } from './check.js';
import { scoreCandidates, type Scored } from './candidates.js';
import { chooseCandidate, type Choice } from './choose.js';
import { readCompressedFolder } from './compressed-folder.js';
import { formsFor, storeFinal } from './final.js';
import type { CompressionParams } from './params.js';
import { reportOn, ROWS } from './report.js';
import { marksOf } from './score-task.js';
import { plan, readSources, type Sources } from './sources.js';

type Context = PhaseContext<CompressionParams>;

/** About how long each stage takes. */
const STAGES = { encode: 3, score: 4, measure: 2, exports: 1 };

/** Makes every candidate, measures all of them on select, chooses one by the recipe's rule, and measures that one on report. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params } = context;
  const [mistake] = check(params);
  if (mistake) throw paramError('compression', mistake);
  const sources = await readSources(context);
  const planned = await plan(context, sources);
  if (planned.length === 0)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'none of the candidates can be made of this model; name others, see the notes',
    );
  const progress = new StageProgress(context.report, STAGES);
  const select = await Yardstick.of(context, 'select', params.selectItemsPerFamily);
  const reference = marksOf(await select.measure(sources.input.model, context, { hasIntervals: false }));
  const scored = await scoreCandidates(context, planned, sources, reference, progress);
  const { choose, minRetention } = params;
  const choice = chooseCandidate(scored, { choose, minRetention, inputBytes: sources.inputBytes });
  const chosen = scored.find(({ name }) => name === choice.chosen.name)!;
  await tell(context, choice);
  return conclude(context, sources, scored, chosen, choice, progress);
}

async function tell({ note }: Context, { chosen, isSound }: Choice): Promise<void> {
  const { name, sizeBytes, divergence, refused, retention } = chosen;
  await note({
    code: isSound ? 'CHOSEN' : 'NO_SOUND_CANDIDATE',
    message: isSound
      ? `${name} was chosen: ${sizeBytes} bytes`
      : `${name} goes on although ${refused ?? 'it breaks a rule'}`,
    metrics: { sizeBytes, divergence, retention: retention.estimate, retentionLow: retention.low },
  });
}

async function conclude(
  context: Context,
  sources: Sources,
  scored: readonly Scored[],
  chosen: Scored,
  choice: Choice,
  progress: StageProgress,
): Promise<PhaseOutcome> {
  const final = await storeFinal(context, chosen, sources.input);
  const yardstick = await Yardstick.of(context, 'report', context.params.itemsPerFamily);
  const models = new Map<string, Model>([[ROWS.before, sources.input.model]]);
  if (sources.teacher !== sources.input) models.set(ROWS.teacher, sources.teacher.model);
  models.set(ROWS.after, final.model);
  const other = runnerUp(scored, chosen, choice);
  if (other) models.set(ROWS.runnerUp, await readCandidate(context, other));
  const measured = new Map<string, Measured>();
  for (const [name, model] of models) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model, context));
    progress.at('measure', { fraction: measured.size / models.size });
  }
  const wanted = {
    ...{ phase: 'compression', forms: formsFor(context.params.exports, chosen.candidate) },
    ...{ from: final.artifact, model: final.model, yardstick },
  };
  const forms = await writeForms(context, wanted, (fraction) => progress.at('exports', { fraction }));
  return reportOn(context, { sources, scored, chosen, choice, final, runnerUp: other, measured, forms });
}

/** The control: the smallest one of the other matrices' codecs that could have been chosen as well. */
function runnerUp(scored: readonly Scored[], chosen: Scored, { judged }: Choice): Scored | undefined {
  const sound = new Set(judged.filter(({ refused }) => refused === undefined).map(({ name }) => name));
  const others = scored.filter(
    ({ name, candidate }) => sound.has(name) && candidate.matrices !== chosen.candidate.matrices,
  );
  return others.toSorted((a, b) => a.sizeBytes - b.sizeBytes)[0];
}

async function readCandidate({ artifacts, workDir }: Context, { artifact, candidate }: Scored): Promise<Model> {
  const dir = join(workDir, 'runner-up');
  await artifacts.materialise(artifact.id, dir);
  return readCompressedFolder(dir, candidate.source.model);
}
