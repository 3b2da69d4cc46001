import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName, DataSource, Json, Lineage } from '@agent-forge/contracts';
import {
  codecOf,
  compress,
  openCompressed,
  sharedOf,
  writeCompressed,
  type Compressed,
  type CompressedTensor,
  type Sample,
} from '@agent-forge/codecs';
import { inputMoments, readModelFolder, type Model } from '@agent-forge/model';
import { readCorpus } from '../shared/corpus.js';
import type { FamilyMix } from '../shared/families.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { mixtureSource } from '../shared/mixture.js';
import type { Checkpoint, TaskContext, TaskOutput } from '../task.js';
import { partOf, storedModel, type Part } from './parts.js';

/** By which text and items it is learnt which errors matter. */
export interface Calibration {
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly textShare: number;
  readonly rows: number;
  readonly rowLength: number;
  readonly batches: number;
  readonly seed: number;
}

/** One part of a model by one codec: all that the bytes depend on. Several candidates have parts in common. */
export interface EncodeInput {
  readonly model: string;
  readonly part: Part;
  readonly codec: string;
  /** Null for codecs that do not ask which errors matter. */
  readonly calibration: Calibration | null;
}

const FILE = 'part.safetensors';

/** Stores a part of a model, tensor by tensor; what is done is kept every now and then, and a kill goes on from there. */
export async function encodeTask(
  input: Json,
  context: TaskContext,
  checkpointSeconds = CHECKPOINT_SECONDS,
): Promise<TaskOutput> {
  const plan = input as unknown as EncodeInput;
  const dir = join(context.workDir, 'model');
  await context.artifacts.materialise(plan.model, dir);
  const model = storedModel(await readModelFolder(dir));
  const samples = await samplesOf(plan, model, context);
  const lineage = lineageOf(plan, context);
  const begun = await resumed(context);
  const shared = begun?.shared.get(plan.codec) ?? sharedOf(plan.codec, samples);
  const tensors = new Map<string, CompressedTensor>(begun?.tensors);
  const made: Compressed = { tensors, shared: new Map(shared ? [[plan.codec, shared]] : []) };
  let savedMs = performance.now();
  for (const [name, sample] of samples) {
    if (tensors.has(name)) continue;
    context.signal.throwIfAborted();
    tensors.set(name, compress(plan.codec, sample, shared));
    context.report({ fraction: tensors.size / samples.size });
    if (performance.now() - savedMs < 1000 * checkpointSeconds) continue;
    await context.saveCheckpoint(await checkpointOf(made, model, lineage, context));
    savedMs = performance.now();
  }
  return { value: {}, artifacts: [await store(made, model, lineage, context)] };
}

/** Whether a codec asks which errors matter. */
export function isCalibrated(codec: string): boolean {
  return codecOf(codec).share !== undefined;
}

async function samplesOf(plan: EncodeInput, model: Model, context: TaskContext): Promise<Map<string, Sample>> {
  const moments = plan.calibration ? await momentsOf(plan.calibration, model, context) : new Map();
  const wanted = [...model.weights].filter(([name]) => partOf(name) === plan.part);
  return new Map(
    wanted.map(([name, tensor]) => [name, { tensor, ...(moments.has(name) ? { moments: moments.get(name) } : {}) }]),
  );
}

async function momentsOf(calibration: Calibration, model: Model, context: TaskContext) {
  const { families, data, textShare, rows, rowLength, batches, seed } = calibration;
  const texts = data.length > 0 ? (await readCorpus({ ...context, data: data as DataSource[] })).train : [];
  const shape = { rows, length: rowLength, seed: `${seed}/calibration` };
  const source = mixtureSource({ families, texts, textShare }, model, shape);
  return inputMoments(model, source, { batches, threads: context.threads, signal: context.signal });
}

async function resumed({ checkpoint, artifacts, workDir }: TaskContext): Promise<Compressed | undefined> {
  const artifact = checkpoint?.artifacts[0];
  if (artifact === undefined) return undefined;
  const dir = join(workDir, 'resumed');
  await artifacts.materialise(artifact.id, dir);
  return (await openCompressed(join(dir, FILE))).load();
}

async function checkpointOf(
  made: Compressed,
  model: Model,
  lineage: Lineage,
  context: TaskContext,
): Promise<Checkpoint> {
  return { state: { tensors: made.tensors.size }, artifacts: [await store(made, model, lineage, context)] };
}

async function store(
  made: Compressed,
  { config }: Model,
  lineage: Lineage,
  context: TaskContext,
): Promise<ArtifactName> {
  const dir = join(context.workDir, 'part');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  await writeCompressed(join(dir, FILE), made, config);
  return context.artifacts.putFolder(dir, 'part', { kind: 'checkpoint', lineage });
}

function lineageOf({ model, calibration, ...plan }: EncodeInput, { codeVersion }: TaskContext): Lineage {
  return {
    parents: [model],
    data: (calibration?.data ?? []).map(({ artifactId }) => artifactId),
    phase: 'compression',
    params: { ...plan, calibration },
    seed: calibration?.seed ?? null,
    codeVersion,
    metrics: {},
  };
}

/** Reads a stored part. */
export async function readPart(artifacts: TaskContext['artifacts'], id: string, dir: string): Promise<Compressed> {
  await artifacts.materialise(id, dir);
  return (await openCompressed(join(dir, FILE))).load();
}
