import { Controller, Get, Header, Module, type DynamicModule } from '@nestjs/common';
import { Registry } from 'prom-client';

/** What Prometheus scrapes. */
@Controller()
export class MetricsController {
  constructor(private readonly registry: Registry) {}

  /** In Prometheus' text format. */
  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}

/** `/metrics` of a service. */
@Module({})
export class MetricsModule {
  static for(registry: Registry): DynamicModule {
    return {
      module: MetricsModule,
      controllers: [MetricsController],
      providers: [{ provide: Registry, useValue: registry }],
    };
  }
}
