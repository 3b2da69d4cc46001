import type { Json } from '@agent-forge/contracts';
import type { Checkpoint, Note, PhaseHost, TaskOutput, TaskProgress } from '@agent-forge/phases';
import type { WorkerContext } from '@agent-forge/tensor/worker';

/** What a phase in its thread asks of the service, by name: what is sent, and what is answered. */
export interface HostQuestions {
  plan: { ask: undefined; answer: { plan: Json } | undefined };
  keepPlan: { ask: Json; answer: Json };
  saveCheckpoint: { ask: Checkpoint; answer: void };
  note: { ask: Note; answer: void };
  runTasks: { ask: { task: string; inputs: readonly Json[] }; answer: TaskOutput[] };
}

/** What is told on the way to the answer of `runTasks`. */
export interface ToldProgress {
  readonly index: number;
  readonly progress: TaskProgress;
}

/** The thread's side of a {@link PhaseHost}: everything is asked of the service, which has the broker. */
export class RemoteHost implements PhaseHost {
  constructor(
    readonly checkpoint: Checkpoint | undefined,
    private readonly worker: Pick<WorkerContext, 'ask'>,
  ) {}

  saveCheckpoint = (checkpoint: Checkpoint): Promise<void> => this.#ask('saveCheckpoint', checkpoint);

  plan = async <T extends Json>(make: () => Promise<T> | T): Promise<T> => {
    const known = await this.#ask('plan', undefined);
    return (known ? known.plan : await this.#ask('keepPlan', await make())) as T;
  };

  note = (note: Note): Promise<void> => this.#ask('note', note);

  runTasks = (
    task: string,
    inputs: readonly Json[],
    onProgress?: (index: number, progress: TaskProgress) => void,
  ): Promise<TaskOutput[]> =>
    this.#ask('runTasks', { task, inputs }, (told) => {
      const { index, progress } = told as ToldProgress;
      onProgress?.(index, progress);
    });

  #ask<Q extends keyof HostQuestions>(
    question: Q,
    payload: HostQuestions[Q]['ask'],
    onTell?: (value: unknown) => void,
  ): Promise<HostQuestions[Q]['answer']> {
    return this.worker.ask(question, payload, onTell) as Promise<HostQuestions[Q]['answer']>;
  }
}
