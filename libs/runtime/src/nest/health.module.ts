import { Module, type DynamicModule } from '@nestjs/common';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { Readiness, type Check } from './readiness.js';

/** `/health` and `/ready` of a service. */
@Module({})
export class HealthModule {
  /** @param needs what the service needs before it can take work, by name */
  static for(needs: Readonly<Record<string, Check>>): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [
        {
          provide: Readiness,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService) => new Readiness(indicators, needs),
        },
      ],
    };
  }
}
