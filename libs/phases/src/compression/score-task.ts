import { join } from 'node:path';
import type { DataSource, Json } from '@agent-forge/contracts';
import { compress, joined, type Compressed } from '@agent-forge/codecs';
import {
  byteTokenizer,
  divergenceFrom,
  encodeText,
  readModelFolder,
  SequenceScorer,
  type BakedMark,
  type EncodedItem,
  type Model,
} from '@agent-forge/model';
import { encoderOf, type FamilyMix } from '../shared/families.js';
import { MEASURED_BYTES } from '../shared/limits.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { readCompressedFolder, writeCompressedFolder } from './compressed-folder.js';
import { readPart } from './encode-task.js';
import { partOf, storedModel } from './parts.js';
import { answeringAs } from './sources.js';

/** One candidate: all that its score depends on. */
export interface ScoreInput {
  readonly name: string;
  /** The model that it is of. */
  readonly model: string;
  /** Artifacts of its parts. */
  readonly parts: readonly string[];
  readonly teacher: string;
  /** What was baked into the model that came in, whose answers are the right ones. */
  readonly baked?: BakedMark;
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly seed: number;
  readonly itemsPerFamily: number;
  readonly divergenceItemsPerFamily: number;
}

/** What was measured of a candidate, on the select part. */
export interface Score {
  /** Of its file: codes, codebooks, scales and header. */
  readonly sizeBytes: number;
  /** KL(teacher ‖ candidate), nats for a token. */
  readonly divergence: number;
  /** 0 or 1 for each item; absent on text alone. */
  readonly correct?: string;
  /** Bits of each text. */
  readonly texts?: readonly { readonly bits: number; readonly bytes: number }[];
}

/** Tokens of a window of text in which models are compared. */
const WINDOW = 128;
/** Windows: enough for two digits. */
const MAX_WINDOWS = 64;
const DIVERGENCE_TEXT_BYTES = 16_384;

/** Writes a candidate, reads it back, and measures what was read. */
export async function scoreTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ScoreInput;
  const source = answeringAs(await open(plan.model, 'source', context), plan.baked);
  const dir = join(context.workDir, 'candidate');
  const sizeBytes = await writeCompressedFolder(dir, await assemble(plan, source, context), source);
  const model = await readCompressedFolder(dir, source);
  const divergence = await divergenceOf(plan, model, context);
  context.report({ fraction: 0.5 });
  const measured = await (
    await yardstickOf(plan, plan.itemsPerFamily, context)
  ).measure(model, context, { hasIntervals: false });
  const lineage = {
    ...{ parents: [plan.model], data: [], phase: 'compression', params: { candidate: plan.name } },
    ...{ seed: plan.seed, codeVersion: context.codeVersion, metrics: {} },
  };
  const artifact = await context.artifacts.putFolder(dir, 'compressed', { kind: 'export', lineage });
  const score: Score = { sizeBytes, divergence, ...marksOf(measured) };
  return { value: score as unknown as Json, artifacts: [artifact] };
}

/** What of a measurement can be compared item by item. */
export function marksOf({ tasks, text }: Measured): Pick<Score, 'correct' | 'texts'> {
  return { ...(tasks ? { correct: tasks.correct.join('') } : {}), ...(text ? { texts: text.texts } : {}) };
}

async function assemble(
  { parts }: ScoreInput,
  source: Model,
  { artifacts, workDir }: TaskContext,
): Promise<Compressed> {
  const read: Compressed[] = [];
  for (const [i, id] of parts.entries()) read.push(await readPart(artifacts, id, join(workDir, `part-${i}`)));
  const rest = [...source.weights].filter(([name]) => partOf(name) === undefined);
  const tensors = new Map(rest.map(([name, tensor]) => [name, compress('f32', { tensor }, undefined)]));
  return joined([{ tensors, shared: new Map() }, ...read]);
}

async function open(id: string, name: string, { artifacts, workDir }: TaskContext): Promise<Model> {
  const dir = join(workDir, name);
  await artifacts.materialise(id, dir);
  return storedModel(await readModelFolder(dir));
}

function yardstickOf(
  { families, data, seed }: ScoreInput,
  each: number,
  context: TaskContext,
  textBytes = MEASURED_BYTES,
): Promise<Yardstick> {
  return Yardstick.of({ ...context, families, data: data as DataSource[], seed }, 'select', each, { textBytes });
}

async function divergenceOf(plan: ScoreInput, model: Model, context: TaskContext): Promise<number> {
  const { items, texts } = await yardstickOf(plan, plan.divergenceItemsPerFamily, context, DIVERGENCE_TEXT_BYTES);
  const encoder = encoderOf(model);
  // The teacher is from before the bake and says nothing of what it changed.
  const asBefore = items.filter(({ family }) => plan.baked?.[family] === undefined);
  const encoded: EncodedItem[] = [...asBefore.map((item) => encoder.encode(item)), ...windowsOf(texts, model)];
  if (encoded.length === 0) return 0;
  const maxLength = encoded.reduce((most, { ids }) => Math.max(most, ids.length - 1), 1);
  const teacher = await open(plan.teacher, 'teacher', context);
  const { threads } = context;
  const scorer = await SequenceScorer.create(teacher, { threads, maxLength, distributions: true });
  try {
    return (await divergenceFrom(scorer, model, encoded, context)).divergence;
  } finally {
    await scorer.release();
  }
}

/** Text as items of which every token counts. */
function windowsOf(texts: readonly string[], { tokenizer, config }: Model): EncodedItem[] {
  const length = Math.min(WINDOW, config.maxPositionEmbeddings);
  const windows: EncodedItem[] = [];
  for (const text of texts) {
    const ids = encodeText(tokenizer ?? byteTokenizer(), text);
    for (let at = 0; at + 1 < ids.length && windows.length < MAX_WINDOWS; at += length) {
      const part = ids.slice(at, at + length + 1);
      windows.push({ ids: part, learnt: part.map(() => 1) });
    }
  }
  return windows;
}
