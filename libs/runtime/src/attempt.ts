import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '@agent-forge/contracts';
import { publishProgress, type RunLog } from '@agent-forge/nats';
import { resolveParams, type Phase, type PhaseProgress } from '@agent-forge/phases';
import { inputsOf, phaseOf, planOf, type PhaseOutcome, type RunState } from '@agent-forge/run';
import { workDir, type ServiceConfig } from './config.js';
import { HostServer } from './host-server.js';
import type { PhaseJob } from './job/phase-job.js';
import type { Logger } from './logger.js';
import type { PhaseMetrics } from './metrics/phase-metrics.js';
import { storeLocation } from './open-store.js';
import type { TaskCoordinator } from './tasks/task-coordinator.js';
import type { WorkerSlot } from './thread/worker-slot.js';

/** The function that runs in the worker thread. */
export const PHASE_JOB = new URL('./job/phase-job.js', import.meta.url);

/** What every attempt of a service needs. */
export interface AttemptOptions {
  phase: Phase;
  log: RunLog;
  store: ArtifactStore;
  /** The id of this worker, unique for each process. */
  worker: string;
  config: ServiceConfig;
  logger: Logger;
  metrics: PhaseMetrics;
  /** Finds hands for the phase's tasks. */
  tasks: TaskCoordinator;
  /** Where attempts run. */
  slot: WorkerSlot;
}

/** One claim of a phase by this worker. */
export interface Claim {
  tenant: string;
  run: string;
  attempt: number;
  /** The run as it was when the claim was made. */
  state: RunState;
}

/**
 * Runs one attempt of a phase in a worker thread, in a scratch folder that is gone afterwards, and publishes its progress.
 * @param signal ends the work
 * @throws ForgeError of the phase; INVALID_ARGUMENT for parameters that it does not have; CANCELLED after `signal`
 */
export async function runAttempt(options: AttemptOptions, claim: Claim, signal: AbortSignal): Promise<PhaseOutcome> {
  const { phase, config, worker } = options;
  const { run, attempt } = claim;
  const input = inputOf(phase, claim);
  const scratch = join(workDir(config.dataDir), `${run}-${phase.name}-${attempt}-${worker}`);
  await mkdir(scratch, { recursive: true });
  try {
    const { threads, codeVersion } = config;
    const job: PhaseJob = {
      module: phase.module,
      input,
      gates: planOf(claim.state.recipe, phase.name)?.gates ?? {},
      checkpoint: phaseOf(claim.state, phase.name)?.checkpoint,
      artifacts: storeLocation(config, phase.name),
      workDir: scratch,
      threads,
      codeVersion,
    };
    return await options.slot.run<PhaseJob, PhaseOutcome, PhaseProgress>(PHASE_JOB, job, {
      signal,
      onProgress: progressOf(options, claim),
      onAsk: new HostServer(options, claim, signal).answer,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function inputOf(phase: Phase, { tenant, run, attempt, state }: Claim): PhaseJob['input'] {
  const plan = planOf(state.recipe, phase.name);
  return {
    tenant,
    run,
    attempt,
    seed: state.recipe.seed,
    params: resolveParams(phase, plan?.params),
    allowFallback: plan?.allowFallback ?? false,
    data: state.recipe.data,
    families: state.recipe.families,
    inputs: inputsOf(state, phase.name),
  };
}

function progressOf({ phase, log, logger, metrics }: AttemptOptions, { tenant, run, attempt }: Claim) {
  const address = { tenant, run, phase: phase.name, source: log.source };
  let serial = 0;
  return ({ secondsLeft, ...progress }: PhaseProgress): void => {
    metrics.progress(progress.fraction);
    const left = secondsLeft === undefined || !Number.isFinite(secondsLeft) ? {} : { secondsLeft };
    try {
      publishProgress(log.connection, address, ++serial, { attempt, ...progress, ...left });
    } catch (error) {
      // Progress that breaks its contract must not end the work that it tells of.
      logger.warn({ run, err: error }, 'progress cannot be published');
    }
  };
}
