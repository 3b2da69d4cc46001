import { mkdir } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { sweepTemporary } from '@agent-forge/artifacts-fs';
import type { AuditLog } from '@agent-forge/contracts';
import {
  ANSWER_BUCKET,
  closeNats,
  connectNats,
  DeliveryQueue,
  NatsRecords,
  prepareStreams,
  Revocations,
  UPLOAD_BUCKET,
  WebhookStore,
} from '@agent-forge/nats';
import {
  auditRequests,
  createHttpApp,
  listen,
  makeLogger,
  openStore,
  storeLocation,
  workDir,
  type Logger,
  type Service,
} from '@agent-forge/runtime';
import { Identification } from './auth/identification.js';
import { readGatewayConfig, type GatewayConfig } from './config.js';
import { ApiDocument } from '@agent-forge/runtime/openapi';
import { describeGateway } from './docs/openapi.js';
import { GatewayModule } from './gateway.module.js';
import { AUDIT_LOG } from './tokens.js';
import { TargetPolicy } from './webhooks/target.js';
import { Webhooks } from './webhooks/webhooks.js';
import { acceptBodies } from './uploads/accept-bodies.js';

/** A gateway that is put together but does not listen yet. */
export interface Gateway {
  readonly app: NestFastifyApplication;
  /** @returns its URL */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Starts the gateway in this process, configured by an environment. */
export async function openService(env: NodeJS.ProcessEnv): Promise<Service> {
  const config = readGatewayConfig(env);
  const logger = makeLogger('gateway', config);
  return { logger, ...(await startGateway(config, logger)) };
}

/** Starts the gateway in this process. */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
): Promise<{ url: string; close(): Promise<void> }> {
  const gateway = await createGateway(config, logger);
  try {
    const url = await gateway.listen();
    logger.info({ url, issuer: config.issuer }, 'serving');
    return { url, close: gateway.close };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

/** Connects a gateway to broker and store. */
export async function createGateway(config: GatewayConfig, logger: Logger): Promise<Gateway> {
  await mkdir(workDir(config.dataDir), { recursive: true });
  await sweepTemporary(workDir(config.dataDir));
  const connection = await connectNats({ ...config.nats, name: 'gateway' });
  try {
    await prepareStreams(connection, 'gateway', config.streams, config.natsReplicas);
    const { store, close: closeStore } = await openStore(storeLocation(config, 'gateway'));
    const webhooks = await openWebhooks(config, connection, logger);
    const revocations = await Revocations.open(connection);
    const uploads = await NatsRecords.open(connection, UPLOAD_BUCKET);
    const answers = await NatsRecords.open(connection, ANSWER_BUCKET);
    const parts = { config, connection, store, webhooks, revocations, uploads, answers, logger };
    const app = await createHttpApp(GatewayModule.for(parts), logger, config);
    await acceptBodies(app);
    auditRequests(app.getHttpAdapter().getInstance(), {
      log: app.get<AuditLog>(AUDIT_LOG),
      identify: (request) => app.get(Identification).callerOf(request),
      logger,
    });
    app.get(ApiDocument).set(describeGateway(app));
    const close = async () => {
      await app.close();
      await revocations.close();
      await closeStore();
      await closeNats(connection);
    };
    return { app, listen: () => listen(app, config), close };
  } catch (error) {
    await closeNats(connection);
    throw error;
  }
}

async function openWebhooks(
  { webhookAllow, webhookRetryMs: firstRetryMs }: GatewayConfig,
  connection: NatsConnection,
  logger: Logger,
): Promise<Webhooks> {
  const [queue, store] = await Promise.all([DeliveryQueue.open(connection), WebhookStore.open(connection)]);
  return new Webhooks({ queue, store, policy: new TargetPolicy(webhookAllow), firstRetryMs, logger });
}
