import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ArtifactStore } from '@agent-forge/contracts';
import { NatsAuditLog, RunLog } from '@agent-forge/nats';
import {
  brokerCheck,
  diskCheck,
  HealthModule,
  MetricsModule,
  publishedKeys,
  serviceRegistry,
  TokenVerifier,
  workDir,
  type Logger,
} from '@agent-forge/runtime';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { BrowserLogin } from './auth/browser-login.js';
import { TokenGuard } from './auth/token.guard.js';
import type { GatewayConfig } from './config.js';
import { DatasetsController } from './datasets/datasets.controller.js';
import { ApiDocument, DocsController } from './docs/docs.controller.js';
import { ModelsController } from './models/models.controller.js';
import { PhasesController } from './phases/phases.controller.js';
import { EventsController } from './runs/events.controller.js';
import { RunFit } from './runs/run-fit.js';
import { RunIndex } from './runs/run-index.js';
import { RunRequests } from './runs/run-requests.js';
import { RunsController } from './runs/runs.controller.js';
import { ARTIFACTS, AUDIT_LOG, CODE_VERSION } from './tokens.js';
import { Staging } from './uploads/staging.js';
import { Webhooks } from './webhooks/webhooks.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** What the module of the gateway is made of. */
export interface GatewayModuleOptions {
  config: GatewayConfig;
  connection: NatsConnection;
  store: ArtifactStore;
  webhooks: Webhooks;
  logger: Logger;
}

/** The NestJS module of the gateway: every route behind one guard. */
@Module({})
export class GatewayModule {
  static for({ config, connection, store, webhooks, logger }: GatewayModuleOptions): DynamicModule {
    const needs = { broker: brokerCheck(connection), store: () => store.check(), disk: diskCheck(config.dataDir) };
    const verifier = new TokenVerifier(publishedKeys(config.authUrl), () => config.issuer);
    const registry = serviceRegistry('gateway');
    return {
      module: GatewayModule,
      imports: [HealthModule.for(needs), MetricsModule.for(registry)],
      controllers: [
        RunsController,
        EventsController,
        DatasetsController,
        ModelsController,
        ArtifactsController,
        PhasesController,
        AuditController,
        WebhooksController,
        DocsController,
      ],
      providers: [
        { provide: APP_GUARD, useClass: TokenGuard },
        { provide: TokenVerifier, useValue: verifier },
        { provide: BrowserLogin, useValue: new BrowserLogin(config.authUrl, verifier) },
        { provide: RunLog, useValue: new RunLog(connection, '/agentforge/gateway') },
        { provide: RunFit, useValue: new RunFit(store, config) },
        { provide: RunIndex, useValue: new RunIndex(connection, logger, registry) },
        { provide: AUDIT_LOG, useValue: new NatsAuditLog(connection) },
        { provide: ARTIFACTS, useValue: store },
        { provide: Staging, useValue: new Staging(workDir(config.dataDir)) },
        { provide: CODE_VERSION, useValue: config.codeVersion },
        { provide: Webhooks, useValue: webhooks },
        RunRequests,
        ApiDocument,
      ],
    };
  }
}
