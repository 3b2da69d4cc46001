import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type, type Static } from '@sinclair/typebox';
import { ForgeError } from '@agent-forge/contracts';
import { definePhase, paramsOf, type PhaseContext } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';

const params = paramsOf({
  rounds: Type.Integer({ default: 3, minimum: 1, maximum: 10_000, description: 'Times that the input is hashed.' }),
  roundMs: Type.Integer({ default: 0, minimum: 0, description: 'Pause after each round.' }),
  failures: Type.Integer({ default: 0, minimum: 0, description: 'Attempts that fail.' }),
  failBy: Type.Union(
    [
      Type.Literal('permanent'),
      Type.Literal('transient'),
      Type.Literal('exit'),
      Type.Literal('kill'),
      Type.Literal('killAfterStore'),
    ],
    { default: 'permanent' },
  ),
});
type Params = Static<typeof params>;

/** Hashes the data of the run, and the artifacts before it, over and over: a small phase that does real work, for tests. */
async function hash(context: PhaseContext<Params>): Promise<PhaseOutcome> {
  const { params: p, artifacts, attempt, data, inputs, signal } = context;
  const mustFail = attempt <= p.failures;
  const saved = context.checkpoint?.state as { step: number; digest: string } | undefined;
  let digest = '';
  for (const id of [...data.map(({ artifactId }) => artifactId), ...inputs.map((input) => input.id)]) {
    for (const file of (await artifacts.manifest(id)).files) {
      for await (const chunk of artifacts.readFile(file.digest))
        digest = sha256(digest + Buffer.from(chunk).toString());
    }
  }
  if (saved) ({ digest } = saved);
  for (let step = (saved?.step ?? 0) + 1; step <= p.rounds; step++) {
    if (signal.aborted) await context.saveCheckpoint({ state: { step: step - 1, digest }, artifacts: [] });
    signal.throwIfAborted();
    digest = sha256(digest);
    context.report({ stage: 'hash', fraction: step / p.rounds, step, steps: p.rounds, metrics: { rounds: step } });
    await sleep(p.roundMs);
    if (mustFail && step === 1) fail(p.failBy);
  }
  await writeFile(join(context.workDir, 'report.json'), JSON.stringify({ digest }));
  const lineage = {
    parents: inputs.map(({ id }) => id),
    data: data.map(({ artifactId }) => artifactId),
    phase: phase.name,
    params: { ...p },
    seed: context.seed,
    codeVersion: context.codeVersion,
    metrics: { rounds: p.rounds },
  };
  const report = await artifacts.putFolder(context.workDir, 'report', { kind: 'report', lineage });
  if (mustFail && p.failBy === 'killAfterStore') process.kill(process.pid, 'SIGKILL');
  return { artifacts: [report], metrics: { rounds: p.rounds, before: saved?.step ?? 0 } };
}

function fail(by: Params['failBy']): void {
  if (by === 'permanent') throw new ForgeError('DATA_INVALID', 'planted: this data is no good');
  if (by === 'transient') throw new ForgeError('STORE_UNAVAILABLE', 'planted: the disk is full');
  if (by === 'exit') process.exit(3);
  if (by === 'kill') process.kill(process.pid, 'SIGKILL');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Its name is the module's `name` parameter, so that tests can have as many phases as they like. */
export const phase = definePhase({
  name: new URL(import.meta.url).searchParams.get('name') ?? 'hash',
  module: import.meta.url,
  consumes: { atLeast: 0, data: true },
  produces: [{ role: 'report', kind: 'report', meaning: 'the hash' }],
  params,
  resources: { cpus: 1, memoryMiB: 64 },
  run: hash,
  gate: () => [],
  fallback: null,
});
