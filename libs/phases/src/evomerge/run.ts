import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import { ByteNgram } from '@agent-forge/data';
import { openModelFolder, readModelFolder, writeModelFolder } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { readCorpus, type Corpus } from '../shared/corpus.js';
import { lineageOf } from '../shared/lineage.js';
import { bitsPerByte, reportTexts } from '../shared/measure.js';
import { linear } from './linear.js';
import type { EvomergeParams } from './params.js';

/** Share of the phase's time that merging takes, for the progress bar; the rest is measuring. */
const MERGE_SHARE = 0.2;

type Context = PhaseContext<EvomergeParams>;

/** One row of the report: what it is, and its held-out bits per byte. */
interface Row {
  name: string;
  bitsPerByte: number;
}

/** Merges the seeds, measures everything on the same report text, and stores the merge and the table. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { artifacts, inputs, workDir } = context;
  const seeds = inputs.filter(({ role }) => role.startsWith('seed-'));
  if (seeds.length === 0)
    throw new ForgeError('INVALID_ARGUMENT', 'evomerge has no seeds to merge; run cognate before it');
  const corpus = await readCorpus(context);
  const folders = new Map<string, string>();
  for (const { id, role } of inputs.filter(({ kind }) => kind === 'model')) {
    folders.set(role, join(workDir, role));
    await artifacts.materialise(id, join(workDir, role));
  }
  const merged = await merge(
    context,
    seeds.map(({ role }) => folders.get(role)!),
  );
  folders.set('merged', merged);

  const texts = reportTexts(corpus.report);
  const rows = baselines(corpus, texts);
  let measured = 0;
  for (const [role, dir] of folders) {
    context.signal.throwIfAborted();
    context.report({
      stage: `measure ${role}`,
      fraction: MERGE_SHARE + ((1 - MERGE_SHARE) * measured) / folders.size,
      step: measured,
      steps: folders.size,
    });
    const model = await readModelFolder(dir);
    rows.push({ name: role, bitsPerByte: await bitsPerByte(model, texts, context) });
    measured += 1;
  }
  return store(context, merged, rows, texts);
}

/** Writes the merge of model folders; configuration and tokenizer are those of the first. */
async function merge({ params, workDir, report }: Context, folders: readonly string[]): Promise<string> {
  const models = await Promise.all(folders.map((folder) => openModelFolder(folder)));
  const { config, tokenizer } = models[0]!;
  const merged = linear(models, params.weights ?? models.map(() => 1));
  const steps = merged.shapes.size;
  let step = 0;
  const read = (name: string) => {
    step += 1;
    report({ stage: 'merge', fraction: (MERGE_SHARE * step) / steps, step, steps });
    return merged.read(name);
  };
  const dir = join(workDir, 'merged');
  await writeModelFolder(dir, { config, tokenizer, weights: { shapes: merged.shapes, read } });
  return dir;
}

function baselines({ train, select }: Corpus, texts: readonly string[]): Row[] {
  const [trainBytes, selectBytes, reportBytes] = [train, select, texts].map((blocks) =>
    blocks.map((text) => Buffer.from(text)),
  );
  const measure = (order: number) => new ByteNgram(order, trainBytes!, selectBytes!).bitsPerByte(reportBytes!);
  return [
    { name: 'one-gram', bitsPerByte: measure(1) },
    { name: 'three-gram', bitsPerByte: measure(3) },
  ];
}

async function store(
  context: Context,
  merged: string,
  rows: readonly Row[],
  texts: readonly string[],
): Promise<PhaseOutcome> {
  const { artifacts, inputs, workDir } = context;
  const metrics = Object.fromEntries(rows.map(({ name, bitsPerByte: bits }) => [metricName(name), bits]));
  const seedIds = inputs.filter(({ role }) => role.startsWith('seed-')).map(({ id }) => id);
  const model = await artifacts.putFolder(merged, 'merged', {
    kind: 'model',
    lineage: lineageOf('evomerge', context, seedIds, metrics),
  });
  const dir = join(workDir, 'report');
  await mkdir(dir);
  const measuredBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  await writeFile(
    join(dir, 'report.json'),
    `${JSON.stringify({ metric: 'bits per byte on the report part', measuredBytes, rows }, null, 2)}\n`,
  );
  const report: ArtifactName = await artifacts.putFolder(dir, 'report', {
    kind: 'report',
    lineage: lineageOf('evomerge', context, [model.id], metrics),
  });
  return { artifacts: [model, report], metrics };
}

/** `three-gram` becomes `threeGramBitsPerByte`. */
function metricName(row: string): string {
  return `${row.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}BitsPerByte`;
}
