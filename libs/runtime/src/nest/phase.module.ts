import { Module, type DynamicModule } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import type { ArtifactStore } from '@agent-forge/contracts';
import { PhaseHandler } from '../phase-handler.js';
import { HealthController } from './health.controller.js';
import { PhaseController } from './phase.controller.js';
import { Readiness } from './readiness.js';

/** What the module of a phase service is made of. */
export interface PhaseModuleOptions {
  handler: PhaseHandler;
  connection: NatsConnection;
  store: ArtifactStore;
  dataDir: string;
}

/** The NestJS module of a phase service: events in, health out. */
@Module({})
export class PhaseModule {
  static for({ handler, connection, store, dataDir }: PhaseModuleOptions): DynamicModule {
    return {
      module: PhaseModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [PhaseController, HealthController],
      providers: [
        { provide: PhaseHandler, useValue: handler },
        {
          provide: Readiness,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService) => new Readiness(indicators, connection, store, dataDir),
        },
      ],
    };
  }
}
