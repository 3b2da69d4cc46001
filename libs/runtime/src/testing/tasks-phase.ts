import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { ForgeError, MAX_CHECKPOINT_STATE_BYTES, type ArtifactName, type Json } from '@agent-forge/contracts';
import { definePhase, paramsOf, type TaskContext, type TaskOutput } from '@agent-forge/phases';

/** Fills a checkpoint. */
const PADDING = 'x'.repeat(MAX_CHECKPOINT_STATE_BYTES);

/** What a task of this phase is told. */
interface Work {
  readonly number: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** `permanent` and `transient` errors; `kill` ends the process half way, once; `large` saves more state than a checkpoint may have, `large phase` lets the phase do so. */
  readonly failBy: string;
  /** Every round that is really done is written there. */
  readonly diary: string;
}

/** Counts rounds, checkpoints each, and stores what it counted. */
async function work(input: Json, context: TaskContext): Promise<TaskOutput> {
  const { number, rounds, roundMs, failBy, diary } = input as unknown as Work;
  const before = (context.checkpoint?.state as { round: number } | undefined)?.round ?? 0;
  for (let round = before + 1; round <= rounds; round++) {
    context.signal.throwIfAborted();
    await sleep(roundMs);
    await appendFile(diary, `${number} ${round} ${process.pid}\n`);
    context.report({ fraction: round / rounds, step: round, steps: rounds });
    await context.saveCheckpoint({ state: { round, padding: failBy === 'large' ? PADDING : '' }, artifacts: [] });
    if (round < rounds / 2) continue;
    if (failBy === 'transient') throw new ForgeError('STORE_UNAVAILABLE', 'planted: the disk is full');
    if (failBy === 'permanent') throw new ForgeError('DATA_INVALID', `planted: task ${number} is no good`);
    if (failBy === 'kill' && before === 0) process.kill(process.pid, 'SIGKILL');
  }
  await writeFile(join(context.workDir, 'number.txt'), String(number));
  const lineage = { parents: [], data: [], phase: 'tasks', params: {}, seed: null, codeVersion: 'test', metrics: {} };
  const artifact: ArtifactName = await context.artifacts.putFolder(context.workDir, `task-${number}`, {
    kind: 'report',
    lineage,
  });
  return { value: { square: number * number }, artifacts: [artifact] };
}

/** Hands out tasks, plans once, notes and checkpoints, and sums up what came back. Its name is the module's `name` parameter. */
export const phase = definePhase({
  name: new URL(import.meta.url).searchParams.get('name') ?? 'tasks',
  module: import.meta.url,
  consumes: { atLeast: 0, data: false },
  produces: [{ role: 'task-*', kind: 'report', meaning: 'what a task made' }],
  params: paramsOf({
    numbers: Type.Array(Type.Integer(), { default: [1, 2, 3, 4] }),
    rounds: Type.Integer({ default: 2 }),
    roundMs: Type.Integer({ default: 10 }),
    failBy: Type.String({ default: '' }),
    diary: Type.String(),
  }),
  resources: { cpus: 1, memoryMiB: 64 },
  tasks: { work },
  run: async (context) => {
    const { numbers, ...rest } = context.params;
    const { attempt } = await context.plan(() => ({ attempt: context.attempt }));
    await context.note({ code: 'PLANNED', message: `planned by attempt ${attempt}`, metrics: { attempt } });
    const padding = rest.failBy === 'large phase' ? PADDING : '';
    await context.saveCheckpoint({ state: { handedOut: numbers.length, padding }, artifacts: [] });
    const inputs = numbers.map((number) => ({ number, ...rest }));
    const outputs = await context.runTasks('work', inputs, (index, { fraction }) =>
      context.report({ stage: `task ${index}`, fraction }),
    );
    const sum = outputs.reduce((total, { value }) => total + (value as { square: number }).square, 0);
    const artifacts = [...new Map(outputs.map(({ artifacts: [made] }) => [made!.id, made!])).values()];
    return { artifacts, metrics: { sum, plannedBy: attempt } };
  },
  gate: () => [],
  fallback: null,
});
