import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ulid } from '@agent-forge/contracts';
import { sweepTemporary } from '@agent-forge/artifacts-fs';
import { closeNats, connectNats, PhaseQueue, prepareStreams, RunLog, TaskConsumer, TaskQueue } from '@agent-forge/nats';
import { JetStreamStrategy } from '@agent-forge/nats/nestjs';
import type { Phase } from '@agent-forge/phases';
import { readConfig, workDir, type ServiceConfig } from './config.js';
import { createHttpApp } from './http/http-app.js';
import { makeLogger, type Logger } from './logger.js';
import { PhaseMetrics } from './metrics/phase-metrics.js';
import { PhaseModule } from './nest/phase.module.js';
import { PHASE_JOB } from './attempt.js';
import { openStore, storeLocation } from './open-store.js';
import { PhaseHandler } from './phase-handler.js';
import { runService, type Service } from './service.js';
import { TaskCoordinator } from './tasks/task-coordinator.js';
import { TaskRunner } from './tasks/task-runner.js';
import { WorkerSlot } from './thread/worker-slot.js';

const WARM_UP = new URL('./job/warm-up.js', import.meta.url);

/**
 * Hosts a phase as a process of its own: connects, consumes the events that name the phase, works on them one at a time, answers `/health` and
 * `/ready`, and ends in order on SIGTERM, SIGINT or when the parent that forked it is gone. Configured by the environment ({@link ServiceConfig}).
 * A start that fails is one line on standard error and exit code 1.
 */
export function servePhase(phase: Phase): Promise<void> {
  return runService(() => openPhaseService(phase, process.env));
}

/** Starts a phase service in this process, configured by an environment. @throws ForgeError INVALID_ARGUMENT and whatever keeps it from starting */
export async function openPhaseService(phase: Phase, env: NodeJS.ProcessEnv): Promise<Service> {
  const config = readConfig(env);
  const logger = makeLogger(phase.name, config);
  return { logger, ...(await startPhase(phase, config, logger)) };
}

/** Starts a phase service in this process. */
export async function startPhase(
  phase: Phase,
  config: ServiceConfig,
  logger: Logger,
): Promise<{ url: string; close(): Promise<void> }> {
  await mkdir(workDir(config.dataDir), { recursive: true });
  await sweepTemporary(workDir(config.dataDir));
  const connection = await connectNats({ ...config.nats, name: phase.name });
  await prepareStreams(connection, phase.name, config.streams, config.natsReplicas);
  const { store, close: closeStore } = await openStore(storeLocation(config, phase.name));
  const starts = await PhaseQueue.open(connection, phase.name);
  const log = new RunLog(connection, `/agentforge/${phase.name}`);
  const worker = ulid(Date.now(), randomBytes(10));
  const queue = await TaskQueue.open(connection);
  const metrics = new PhaseMetrics(phase.name);
  const tasks = new TaskCoordinator({ queue, store, codeVersion: config.codeVersion, metrics });
  const [attempts, chores] = [new WorkerSlot(), new WorkerSlot()];
  const handler = new PhaseHandler({ phase, log, store, worker, config, logger, metrics, tasks, slot: attempts });
  const runner = new TaskRunner({ phase, queue, log, config, logger, metrics, slot: chores });
  const consumerOfTasks = new TaskConsumer(connection, phase.name, runner.handle, (error) =>
    logger.error({ err: error }, error.message),
  );
  const strategy = new JetStreamStrategy({
    connection,
    queue: starts,
    onError: (error, message) =>
      logger.error({ err: error, subject: message?.subject, sequence: message?.seq }, error.message),
  });
  const { dataDir, metricsToken } = config;
  const root = PhaseModule.for({ handler, connection, store, dataDir, metrics, metricsToken });
  const app = await createHttpApp(root, logger);
  app.connectMicroservice<MicroserviceOptions>({ strategy });
  await app.listen(config.port, config.host);
  await app.startAllMicroservices();
  if (phase.tasks !== undefined) await consumerOfTasks.start();
  void attempts.run(WARM_UP, [PHASE_JOB.href, phase.module], {}).catch(() => undefined);
  const url = await app.getUrl();
  logger.info({ url, worker }, 'serving');
  const close = async () => {
    await Promise.all([app.close(), consumerOfTasks.close()]);
    await Promise.all([attempts.end(), chores.end()]);
    await closeStore();
    await closeNats(connection);
  };
  return { url, close };
}
