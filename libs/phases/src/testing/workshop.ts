import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactName, DataSource, Lineage } from '@agent-forge/contracts';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { readModelFolder, writeModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { Note } from '../host.js';
import { LocalHost } from '../local-host.js';
import { metricMistakes } from '../metric-mistakes.js';
import { resolveParams, type Phase, type PhaseProgress } from '../phase.js';
import type { PhaseReport } from '../shared/report.js';
import type { Checkpoint, TaskOutput } from '../task.js';

const IMPORTED = {
  parents: [],
  data: [],
  phase: 'import',
  params: {},
  seed: null,
  codeVersion: 'test',
  metrics: {},
};

/** What a phase is run with. */
export interface Job {
  readonly params?: object;
  readonly inputs?: readonly ArtifactName[];
  /** Instead of the workshop's. */
  readonly families?: Readonly<Record<string, number>>;
  readonly data?: readonly DataSource[];
  readonly seed?: number;
  /** What an earlier attempt saved last. */
  readonly checkpoint?: Checkpoint;
  /** 1 by default: tiny models gain nothing from more. */
  readonly threads?: number;
  /** Results of tasks that are shared with other jobs; otherwise each job does its own. */
  readonly results?: Map<string, TaskOutput>;
  /** Ends the work. */
  readonly signal?: AbortSignal;
  /** Hears of every checkpoint of the phase, after it is saved. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
}

/** What came of it. */
export interface Done {
  readonly outcome: PhaseOutcome;
  readonly notes: readonly Note[];
  readonly progress: readonly PhaseProgress[];
  /** How often each task really ran. */
  readonly taskRuns: number;
}

/** A folder with an artifact store, in which phases are run in this thread; for tests. */
export class Workshop {
  #jobs = 0;
  private constructor(
    readonly dir: string,
    readonly artifacts: FsArtifactStore,
    readonly families: Readonly<Record<string, number>>,
  ) {}

  static async open(families: Readonly<Record<string, number>>): Promise<Workshop> {
    const dir = await mkdtemp(join(tmpdir(), 'agent-forge-workshop-'));
    return new Workshop(dir, await FsArtifactStore.open(join(dir, 'artifacts')), families);
  }

  /** Runs a phase to its outcome; its gate is not asked. */
  async run(phase: Phase, job: Job = {}): Promise<Done> {
    const workDir = await mkdtemp(join(this.dir, `job-${++this.#jobs}-`));
    const { signal = new AbortController().signal, seed = 1, inputs = [], data = [], families = this.families } = job;
    const notes: Note[] = [];
    const progress: PhaseProgress[] = [];
    let taskRuns = 0;
    const counted: Phase = {
      ...phase,
      tasks: Object.fromEntries(
        Object.entries(phase.tasks ?? {}).map(([name, task]) => [
          name,
          (input, context) => {
            taskRuns += 1;
            return task(input, context);
          },
        ]),
      ),
    };
    const common = { artifacts: this.artifacts, workDir, threads: job.threads ?? 1, codeVersion: 'test', signal };
    const shared = job.results ? { results: job.results } : {};
    const host = await LocalHost.open({ ...common, ...shared, phase: counted, onNote: (note) => notes.push(note) });
    host.checkpoint = job.checkpoint;
    const outcome = await phase.run({
      ...common,
      tenant: 't1',
      run: 'test',
      attempt: 1,
      seed,
      params: resolveParams(phase, job.params ?? {}),
      allowFallback: false,
      data,
      families,
      inputs,
      report: (each) => progress.push(each),
      checkpoint: job.checkpoint,
      saveCheckpoint: async (checkpoint) => {
        await host.saveCheckpoint(checkpoint);
        job.onCheckpoint?.(checkpoint);
      },
      plan: host.plan,
      note: host.note,
      runTasks: host.runTasks,
    });
    const [strange] = metricMistakes(
      phase,
      outcome.metrics,
      inputs.flatMap(({ role }) => [role, `seed-${role}`]),
    );
    if (strange !== undefined) throw new Error(`${phase.name} does not say that it gives ${strange.path.at(-1)!}`);
    return { outcome, notes, progress, taskRuns };
  }

  async report({ artifacts }: PhaseOutcome): Promise<PhaseReport> {
    const { id } = artifacts.find(({ role }) => role === 'report')!;
    const dir = await mkdtemp(join(this.dir, 'report-'));
    await this.artifacts.materialise(id, join(dir, 'it'));
    return JSON.parse(await readFile(join(dir, 'it', 'report.json'), 'utf8')) as PhaseReport;
  }

  async model({ artifacts }: PhaseOutcome, role: string): Promise<Model> {
    const dir = await mkdtemp(join(this.dir, 'model-'));
    await this.artifacts.materialise(artifacts.find((artifact) => artifact.role === role)!.id, join(dir, 'it'));
    return readModelFolder(join(dir, 'it'));
  }

  /** Stores a model as one that a recipe imports. */
  async import(role: string, model: Model, lineage: Partial<Lineage> = {}): Promise<ArtifactName> {
    const dir = join(await mkdtemp(join(this.dir, 'import-')), role);
    await writeModelFolder(dir, model);
    return this.artifacts.putFolder(dir, role, { kind: 'model', lineage: { ...IMPORTED, ...lineage } });
  }

  /** Stores a text as a data set. */
  async dataSet(name: string, text: string): Promise<DataSource> {
    const file = { name: `${name}.txt`, ...(await this.artifacts.putFile([Buffer.from(text)])) };
    const artifactId = await this.artifacts.putManifest({
      version: 1,
      kind: 'dataset',
      files: [file],
      lineage: IMPORTED,
    });
    return { name, artifactId } as DataSource;
  }

  close(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}
