import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, ForgeError, type ArtifactStore, type Json } from '@agent-forge/contracts';
import { assertCheckpointFits } from './checkpoint.js';
import type { Note, PhaseHost } from './host.js';
import type { Phase } from './phase.js';
import type { Checkpoint, TaskContext, TaskOutput, TaskProgress } from './task.js';

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
}

/** Hosts a phase in this thread, without a broker: tasks run one after the other, and what is remembered lives as long as the host. */
export class LocalHost implements PhaseHost {
  checkpoint: Checkpoint | undefined;
  #plan: Json | undefined;
  readonly #results: Map<string, TaskOutput>;
  readonly #checkpoints = new Map<string, Checkpoint>();

  constructor(readonly options: LocalHostOptions) {
    this.#results = options.results ?? new Map();
  }

  saveCheckpoint = async (checkpoint: Checkpoint): Promise<void> => {
    assertCheckpointFits(this.options.phase.name, checkpoint);
    this.checkpoint = structuredClone(checkpoint);
  };

  plan = async <T extends Json>(make: () => Promise<T> | T): Promise<T> => {
    this.#plan ??= await make();
    return this.#plan as T;
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
      const output = this.#results.get(key) ?? (await this.#run(task, input, key, (p) => onProgress?.(index, p)));
      this.#results.set(key, output);
      outputs.push(output);
    }
    return outputs;
  };

  async #run(task: string, input: Json, key: string, report: (progress: TaskProgress) => void): Promise<TaskOutput> {
    const { phase, workDir, ...rest } = this.options;
    const run = phase.tasks?.[task];
    if (run === undefined) throw new ForgeError('INTERNAL', `${phase.name} has no task ${task}`);
    await mkdir(workDir, { recursive: true });
    const scratch = await mkdtemp(join(workDir, `${task}-`));
    const context: TaskContext = {
      ...rest,
      workDir: scratch,
      checkpoint: this.#checkpoints.get(key),
      saveCheckpoint: async (checkpoint) => {
        assertCheckpointFits(`task ${task} of ${phase.name}`, checkpoint);
        this.#checkpoints.set(key, structuredClone(checkpoint));
      },
      report,
    };
    try {
      return await run(input, context);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
}
