import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, TaskContext } from '../task.js';
import type { Workshop } from './workshop.js';

type TaskProgress = Parameters<TaskContext['report']>[0];

/**
 * What a task is run with, in a workshop. It goes on from the last checkpoint of a list and adds its own.
 * @param isEnough its signal is aborted once this is true of its progress
 */
export async function taskContext(
  { artifacts, dir }: Pick<Workshop, 'artifacts' | 'dir'>,
  saved: Checkpoint[],
  isEnough: (progress: TaskProgress) => boolean = () => false,
): Promise<TaskContext> {
  const aborter = new AbortController();
  return {
    artifacts,
    workDir: await mkdtemp(join(dir, 'task-')),
    threads: 1,
    codeVersion: 'test',
    signal: aborter.signal,
    checkpoint: saved.at(-1),
    saveCheckpoint: async (checkpoint) => void saved.push(JSON.parse(JSON.stringify(checkpoint)) as Checkpoint),
    report: (progress) => isEnough(progress) && aborter.abort(),
  };
}
