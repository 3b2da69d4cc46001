import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ArtifactStore, RecordStore } from '@agent-forge/contracts';
import { NatsAuditLog, RunLog, type Revocations } from '@agent-forge/nats';
import {
  brokerCheck,
  diskCheck,
  HealthModule,
  MetricsModule,
  publishedKeys,
  RouteGuard,
  serviceRegistry,
  TokenVerifier,
  workDir,
  type Logger,
} from '@agent-forge/runtime';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { Holdings } from './artifacts/holdings.js';
import { AuditController } from './audit/audit.controller.js';
import { CredentialLogin } from './auth/credential-login.js';
import { Identification } from './auth/identification.js';
import { OPEN_ROUTES, RULES } from './auth/routes.js';
import type { GatewayConfig } from './config.js';
import { DatasetsController } from './datasets/datasets.controller.js';
import { ApiDocument } from '@agent-forge/runtime/openapi';
import { DocsController } from './docs/docs.controller.js';
import { RateLimitGuard } from './limits/rate-limit.guard.js';
import { ModelsController } from './models/models.controller.js';
import { PhasesController } from './phases/phases.controller.js';
import { FirstAnswers } from './repeats/first-answers.js';
import { IdempotencyInterceptor } from './repeats/idempotency.interceptor.js';
import { EventsController } from './runs/events.controller.js';
import { OpenRuns } from './runs/open-runs.js';
import { RunFit } from './runs/run-fit.js';
import { RunIndex } from './runs/run-index.js';
import { RunRequests } from './runs/run-requests.js';
import { RunsController } from './runs/runs.controller.js';
import { ARTIFACTS, AUDIT_LOG, CODE_VERSION, MAX_OPEN_RUNS } from './tokens.js';
import { Staging } from './uploads/staging.js';
import { Webhooks } from './webhooks/webhooks.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** What the module of the gateway is made of. */
export interface GatewayModuleOptions {
  config: GatewayConfig;
  connection: NatsConnection;
  store: ArtifactStore;
  webhooks: Webhooks;
  revocations: Revocations;
  /** Where it stands which artifacts tenants have uploaded. */
  uploads: RecordStore;
  /** Keeps the first answers to requests with an Idempotency-Key. */
  answers: RecordStore;
  logger: Logger;
}

/** The NestJS module of the gateway: every route behind one guard. */
@Module({})
export class GatewayModule {
  static for(options: GatewayModuleOptions): DynamicModule {
    const { config, connection, store, webhooks, revocations, uploads, answers, logger } = options;
    const needs = { broker: brokerCheck(connection), store: () => store.check(), disk: diskCheck(config.dataDir) };
    const keys = publishedKeys(config.authUrl);
    const verifier = new TokenVerifier({ keys, issuer: () => config.issuer, revocations, outside: config.outside });
    const identification = new Identification(verifier, new CredentialLogin(config.authUrl, verifier));
    const identify = identification.callerOf.bind(identification);
    const registry = serviceRegistry('gateway');
    const index = new RunIndex(connection, logger, registry);
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
        { provide: APP_GUARD, useValue: new RouteGuard({ open: OPEN_ROUTES, rules: RULES, identify }) },
        // Behind the guard that finds out who asks.
        { provide: APP_GUARD, useValue: new RateLimitGuard(config) },
        { provide: APP_INTERCEPTOR, useValue: new IdempotencyInterceptor(new FirstAnswers(answers), logger) },
        { provide: Identification, useValue: identification },
        { provide: RunLog, useValue: new RunLog(connection, '/agentforge/gateway') },
        { provide: RunFit, useValue: new RunFit(store, config) },
        { provide: RunIndex, useValue: index },
        { provide: Holdings, useValue: new Holdings(uploads, index, store) },
        { provide: AUDIT_LOG, useValue: new NatsAuditLog(connection) },
        { provide: ARTIFACTS, useValue: store },
        { provide: Staging, useValue: new Staging(workDir(config.dataDir)) },
        { provide: CODE_VERSION, useValue: config.codeVersion },
        { provide: Webhooks, useValue: webhooks },
        { provide: MAX_OPEN_RUNS, useValue: config.tenantOpenRuns },
        OpenRuns,
        RunRequests,
        ApiDocument,
      ],
    };
  }
}
