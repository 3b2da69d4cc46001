import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { closeNats, connectNats, ensureStreams } from '@agent-forge/nats';
import { artifactsDir, createHttpApp, listen, type Logger } from '@agent-forge/runtime';
import type { GatewayConfig } from './config.js';
import { streamUploads } from './datasets/datasets.controller.js';
import { ApiDocument } from './docs/docs.controller.js';
import { describeApi } from './docs/openapi.js';
import { GatewayModule } from './gateway.module.js';

/** Starts the gateway in this process. */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
): Promise<{ url: string; app: NestFastifyApplication; close(): Promise<void> }> {
  const store = await FsArtifactStore.open(artifactsDir(config.dataDir));
  const connection = await connectNats({ ...config.nats, name: 'gateway' });
  try {
    await ensureStreams(connection, config.natsReplicas);
    const app = await createHttpApp(GatewayModule.for({ config, connection, store, logger }), logger);
    streamUploads(app.getHttpAdapter().getInstance());
    app.get(ApiDocument).document = describeApi(app);
    const url = await listen(app, config);
    logger.info({ url, issuer: config.issuer }, 'serving');
    const close = async () => {
      await app.close();
      await closeNats(connection);
    };
    return { url, app, close };
  } catch (error) {
    await closeNats(connection);
    throw error;
  }
}
