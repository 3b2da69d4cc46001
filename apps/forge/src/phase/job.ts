import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import {
  canonicalJson,
  ForgeError,
  isModelFile,
  type ArtifactKind,
  type ArtifactName,
  type ArtifactStore,
  type DataSource,
  type Json,
} from '@agent-forge/contracts';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import {
  FolderMemory,
  GateFailure,
  LocalHost,
  phases,
  resolveParams,
  runPhase,
  type Bounds,
  type Note,
  type Phase,
  type PhaseContext,
  type PhaseProgress,
  type PhaseReport,
} from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';
import type { WorkerContext, WorkerFunction } from '@agent-forge/tensor/worker';

/** Something on this machine that a phase reads. */
export interface LocalSource {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** What decides the bytes of the result. */
export interface PhaseSettings {
  readonly phase: string;
  readonly params: Json;
  readonly families: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly allowFallback: boolean;
  readonly gates: Bounds;
  readonly codeVersion: string;
}

/** What `forge phase` was asked for. */
export interface PhaseJob {
  readonly settings: PhaseSettings;
  /** Model folders, and files of text or examples. */
  readonly models: readonly LocalSource[];
  readonly data: readonly LocalSource[];
  readonly out: string;
  readonly threads: number | null;
}

/** What came of it. */
export interface PhaseSummary {
  readonly phase: string;
  readonly out: string;
  /** Folders inside `out`, the model that goes on first. */
  readonly artifacts: readonly { readonly role: string; readonly kind: ArtifactKind; readonly dir: string }[];
  readonly metrics: Readonly<Record<string, number>>;
  /** The fallback that was taken, and why. */
  readonly degraded?: string;
  readonly report: PhaseReport | null;
  readonly seconds: number;
}

export type PhaseEvent = { kind: 'note'; note: Note } | ({ kind: 'progress' } & PhaseProgress);

/** The folder beside the output in which an unfinished phase keeps what it is to go on from. */
export function workFolder(out: string): string {
  return `${out}.phase`;
}

/** `forge phase`, in a worker thread. A phase that was stopped goes on where it was. */
export const run: WorkerFunction<PhaseJob, PhaseSummary, PhaseEvent> = async (job, worker) => {
  const begun = performance.now();
  const { settings, out } = job;
  const dir = workFolder(out);
  const phase = phases.find(({ name }) => name === settings.phase)!;
  const artifacts = await FsArtifactStore.open(join(dir, 'artifacts'));
  const inputs: ArtifactName[] = [];
  for (const source of job.models) inputs.push(await storeModel(artifacts, source, settings));
  const data: DataSource[] = [];
  for (const source of job.data) data.push(await storeData(artifacts, source, settings));
  await begin(dir, { settings, inputs, data });
  const material = { job, artifacts, inputs, data, dir };
  const outcome = await attempt(phase, material, worker).catch((error: unknown) => rejected(error, material));
  const names = await place(artifacts, outcome, dir, out);
  await rm(dir, { recursive: true });
  return {
    phase: phase.name,
    out,
    artifacts: names,
    metrics: outcome.metrics,
    ...(outcome.degraded === undefined ? {} : { degraded: outcome.degraded }),
    report: await reportIn(out, names),
    seconds: (performance.now() - begun) / 1000,
  };
};

/** What one attempt works on. */
interface Material {
  readonly job: PhaseJob;
  readonly artifacts: ArtifactStore;
  readonly inputs: readonly ArtifactName[];
  readonly data: readonly DataSource[];
  readonly dir: string;
}

async function attempt(
  phase: Phase,
  { job, artifacts, inputs, data, dir }: Material,
  { signal, progress }: WorkerContext<PhaseEvent>,
): Promise<PhaseOutcome> {
  const { settings } = job;
  const workDir = join(dir, 'work');
  await rm(workDir, { recursive: true, force: true });
  await mkdir(workDir);
  const common = {
    ...{ artifacts, workDir, signal },
    codeVersion: settings.codeVersion,
    threads: job.threads ?? availableParallelism(),
  };
  const host = await LocalHost.open({
    ...common,
    phase,
    memory: new FolderMemory(join(dir, 'memory')),
    dropsOldCheckpoints: true,
    onNote: (note) => progress({ kind: 'note', note }),
  });
  const { checkpoint, saveCheckpoint, plan, note, runTasks } = host;
  const context: PhaseContext = {
    ...common,
    ...{ checkpoint, saveCheckpoint, plan, note, runTasks, inputs, data },
    ...{ tenant: 'local', run: basename(job.out), attempt: 1 },
    seed: settings.seed,
    families: settings.families,
    allowFallback: settings.allowFallback,
    params: resolveParams(phase, settings.params),
    report: (now) => progress({ kind: 'progress', ...now }),
  };
  return runPhase(phase, context, settings.gates);
}

/** Of what failed its gate the report is kept, for whoever wants to know why. */
async function rejected(error: unknown, { artifacts, job: { out } }: Material): Promise<never> {
  const report = error instanceof GateFailure && error.rejected.artifacts.find(({ role }) => role === 'report');
  if (!report) throw error;
  const place = `${out}.rejected`;
  await rm(place, { recursive: true, force: true });
  await artifacts.materialise(report.id, place);
  throw new ForgeError('GATE_FAILED', `${error.message}; what was measured is in ${join(place, 'report.json')}`, error);
}

/**
 * Writes down what is being done, or sees that it is what was begun.
 * @throws ForgeError FILE_EXISTS when something else was begun
 */
async function begin(dir: string, all: object): Promise<void> {
  const path = join(dir, 'settings.json');
  const text = canonicalJson(JSON.parse(JSON.stringify(all)) as Json);
  const before = await readFile(path, 'utf8').catch(() => null);
  if (before === null) return writeFile(path, text, { flush: true });
  if (before !== text)
    throw new ForgeError(
      'FILE_EXISTS',
      `${dir} holds what was begun with other inputs or parameters; ask for the same again, or remove it`,
    );
}

async function storeModel(
  artifacts: ArtifactStore,
  { name, path }: LocalSource,
  settings: PhaseSettings,
): Promise<ArtifactName> {
  const names = (await readdir(path)).filter(isModelFile).sort();
  const id = await store(
    artifacts,
    'model',
    names.map((file) => ({ name: file, path: join(path, file) })),
    settings,
  );
  return { id, kind: 'model', role: name };
}

async function storeData(
  artifacts: ArtifactStore,
  { name, path }: LocalSource,
  settings: PhaseSettings,
): Promise<DataSource> {
  const artifactId = await store(artifacts, 'dataset', [{ name: basename(path), path }], settings);
  return { name, artifactId } as DataSource;
}

async function store(
  artifacts: ArtifactStore,
  kind: ArtifactKind,
  files: readonly LocalSource[],
  { codeVersion }: PhaseSettings,
): Promise<string> {
  const stored = [];
  for (const { name, path } of files) stored.push({ name, ...(await artifacts.putFile(createReadStream(path))) });
  const lineage = { parents: [], data: [], phase: 'import', params: {}, seed: null, codeVersion, metrics: {} };
  return artifacts.putManifest({ version: 1, kind, files: stored, lineage });
}

/** Puts every artifact into a folder of its own in `out`, which appears when all are there. */
async function place(
  artifacts: ArtifactStore,
  outcome: PhaseOutcome,
  dir: string,
  out: string,
): Promise<PhaseSummary['artifacts']> {
  const result = join(dir, 'result');
  await rm(result, { recursive: true, force: true });
  await mkdir(result);
  for (const { id, role } of outcome.artifacts) await artifacts.materialise(id, join(result, role));
  await rename(result, out);
  return outcome.artifacts.map(({ role, kind }) => ({ role, kind: kind as ArtifactKind, dir: join(out, role) }));
}

async function reportIn(out: string, names: PhaseSummary['artifacts']): Promise<PhaseReport | null> {
  if (!names.some(({ role }) => role === 'report')) return null;
  return JSON.parse(await readFile(join(out, 'report', 'report.json'), 'utf8')) as PhaseReport;
}
