import { Module, type DynamicModule } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ArtifactStore } from '@agent-forge/contracts';
import { PhaseHandler } from '../phase-handler.js';
import type { PhaseMetrics } from '../metrics/phase-metrics.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { HealthModule } from './health.module.js';
import { PhaseController } from './phase.controller.js';
import { brokerCheck, diskCheck } from './readiness.js';

/** What the module of a phase service is made of. */
export interface PhaseModuleOptions {
  handler: PhaseHandler;
  connection: NatsConnection;
  store: ArtifactStore;
  dataDir: string;
  metrics: PhaseMetrics;
  /** What whoever reads the metrics must send. */
  metricsToken: string | undefined;
}

/** The NestJS module of a phase service: events in, health and metrics out. */
@Module({})
export class PhaseModule {
  static for({ handler, connection, store, dataDir, metrics, metricsToken }: PhaseModuleOptions): DynamicModule {
    const needs = { broker: brokerCheck(connection), store: () => store.check(), disk: diskCheck(dataDir) };
    return {
      module: PhaseModule,
      imports: [HealthModule.for(needs), MetricsModule.for(metrics.registry, { token: metricsToken })],
      controllers: [PhaseController],
      providers: [{ provide: PhaseHandler, useValue: handler }],
    };
  }
}
