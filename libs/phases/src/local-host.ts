import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, ForgeError, type ArtifactStore, type Json } from '@agent-forge/contracts';
import { assertCheckpointFits } from './checkpoint.js';
import type { Note, PhaseHost } from './host.js';
import { ProcessMemory, type HostMemory } from './host-memory.js';
import type { Phase } from './phase.js';
import type { Checkpoint, TaskContext, TaskOutput, TaskProgress } from './task.js';

const CHECKPOINT = 'checkpoint';
const PLAN = 'plan';

/** What a {@link LocalHost} is told. */
export interface LocalHostOptions {
  readonly phase: Phase;
  readonly artifacts: ArtifactStore;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
  readonly signal: AbortSignal;
  /** Results of tasks that other hosts may share, as all runs of a system do; its own by default. */
  readonly results?: Map<string, TaskOutput>;
  /** Hears of notes. */
  readonly onNote?: (note: Note) => void;
  /** Keeps what another host is to go on from (default: nothing outlives the process). */
  readonly memory?: HostMemory;
  /** Whether checkpoints that newer ones replace are removed from the store, in which nobody else may be writing. */
  readonly dropsOldCheckpoints?: boolean;
}

/** Hosts a phase in this thread, without a broker: tasks run one after the other. */
export class LocalHost implements PhaseHost {
  readonly #memory: HostMemory;

  private constructor(
    readonly options: LocalHostOptions,
    public checkpoint: Checkpoint | undefined,
  ) {
    this.#memory = options.memory ?? new ProcessMemory();
  }

  /** A host that goes on from what its memory has. */
  static async open(options: LocalHostOptions): Promise<LocalHost> {
    return new LocalHost(options, (await options.memory?.get(CHECKPOINT)) as Checkpoint | undefined);
  }

  saveCheckpoint = async (checkpoint: Checkpoint): Promise<void> => {
    await this.#save(CHECKPOINT, this.options.phase.name, checkpoint);
    this.checkpoint = structuredClone(checkpoint);
  };

  plan = async <T extends Json>(make: () => Promise<T> | T): Promise<T> => {
    const made = await this.#memory.get(PLAN);
    if (made !== undefined) return made as T;
    const plan = await make();
    await this.#memory.set(PLAN, plan);
    return plan;
  };

  note = async (note: Note): Promise<void> => this.options.onNote?.(note);

  runTasks = async (
    task: string,
    inputs: readonly Json[],
    onProgress?: (index: number, progress: TaskProgress) => void,
  ): Promise<TaskOutput[]> => {
    const outputs: TaskOutput[] = [];
    for (const [index, input] of inputs.entries()) {
      this.options.signal.throwIfAborted();
      const key = canonicalJson([task, input]);
      const { results } = this.options;
      const known = results?.get(key) ?? ((await this.#memory.get(`result ${key}`)) as TaskOutput | undefined);
      outputs.push(known ?? (await this.#run(task, input, key, (progress) => onProgress?.(index, progress))));
    }
    return outputs;
  };

  async #run(task: string, input: Json, key: string, report: (progress: TaskProgress) => void): Promise<TaskOutput> {
    const { phase, workDir, artifacts, threads, codeVersion, signal } = this.options;
    const run = phase.tasks?.[task];
    if (run === undefined) throw new ForgeError('INTERNAL', `${phase.name} has no task ${task}`);
    await mkdir(workDir, { recursive: true });
    const scratch = await mkdtemp(join(workDir, `${task}-`));
    const name = `${CHECKPOINT} ${key}`;
    const checkpoint = (await this.#memory.get(name)) as Checkpoint | undefined;
    const saveCheckpoint = (newer: Checkpoint): Promise<void> =>
      this.#save(name, `task ${task} of ${phase.name}`, newer);
    const context: TaskContext = {
      ...{ artifacts, threads, codeVersion, signal },
      ...{ workDir: scratch, checkpoint, saveCheckpoint, report },
    };
    try {
      const output = await run(input, context);
      await this.#memory.set(`result ${key}`, output as unknown as Json);
      this.options.results?.set(key, output);
      return output;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  async #save(name: string, whose: string, checkpoint: Checkpoint): Promise<void> {
    assertCheckpointFits(whose, checkpoint);
    const before = (await this.#memory.get(name)) as Checkpoint | undefined;
    await this.#memory.set(name, checkpoint as unknown as Json);
    if (!this.options.dropsOldCheckpoints || before === undefined) return;
    const kept = new Set(checkpoint.artifacts.map(({ id }) => id));
    const old = new Set(before.artifacts.map(({ id }) => id).filter((id) => !kept.has(id)));
    await this.options.artifacts.collect({ isReachable: (id) => !old.has(id), beforeMs: Infinity });
  }
}
