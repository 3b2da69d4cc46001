import { join } from 'node:path';
import { ForgeError, type Manifest } from '@agent-forge/contracts';
import type { Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { phases } from '../registry.js';
import { proveAgain } from '../shared/claims/prove-again.js';
import { writeForms } from '../shared/forms.js';
import { modelCard } from '../shared/card/card.js';
import { ancestorsIn, pastReports } from '../shared/card/past-reports.js';
import { StageProgress } from '../shared/stage-progress.js';
import { rowOf, Yardstick, type Measured } from '../shared/yardstick.js';
import { check } from './check.js';
import { scoreCandidates, type Scored } from './candidates.js';
import { chooseCandidate, type Choice } from './choose.js';
import { readCompressedFolder } from './compressed-folder.js';
import { buildFinal, formsFor, storeFinal, type BuiltFinal } from './final.js';
import type { CompressionParams } from './params.js';
import { reportOf, reportOn, ROWS } from './report.js';
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
  const built = await buildFinal(context, chosen, sources.input);
  const yardstick = await Yardstick.of(context, 'report', context.params.itemsPerFamily);
  const models = new Map<string, Model>([[ROWS.before, sources.input.model]]);
  if (sources.teacher !== sources.input) models.set(ROWS.teacher, sources.teacher.model);
  models.set(ROWS.after, built.model);
  const other = runnerUp(scored, chosen, choice);
  if (other) models.set(ROWS.runnerUp, await readCandidate(context, other));
  const measured = new Map<string, Measured>();
  for (const [name, model] of models) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model, context));
    progress.at('measure', { fraction: measured.size / models.size });
  }
  const { ancestors, reports } = await pastOf(context, built);
  const row = rowOf(ROWS.after, measured.get(ROWS.after)!);
  const claims = await proveAgain(context, {
    ...{ phases, reports, ancestors },
    final: { model: built.model, folder: built.dir, row },
  });
  const findings = { sources, scored, chosen, choice, runnerUp: other, measured, claims };
  const { seed, codeVersion } = context;
  const { model, parents } = built;
  const own = reportOf(findings, seed);
  const card = modelCard({ model, parents, ancestors, reports: [...reports, own], seed, codeVersion });
  const final = await storeFinal(context, built, card);
  const wanted = {
    ...{ phase: 'compression', forms: formsFor(context.params.exports, chosen.candidate) },
    ...{ from: final.artifact, model: final.model, yardstick },
  };
  const forms = await writeForms(context, wanted, (fraction) => progress.at('exports', { fraction }));
  return reportOn(context, findings, { final, forms });
}

/** What the final model was made from, and what all phases before have measured. */
async function pastOf({ artifacts }: Context, { parents }: BuiltFinal) {
  const ancestors = new Map<string, Manifest>();
  for (const parent of parents)
    for (const [id, manifest] of await ancestorsIn(artifacts, parent)) ancestors.set(id, manifest);
  return { ancestors, reports: await pastReports(artifacts, ancestors) };
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
