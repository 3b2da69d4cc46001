import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Headers, Inject, Module, type DynamicModule } from '@nestjs/common';
import { ForgeError } from '@agent-forge/contracts';
import { Registry } from 'prom-client';

/**
 * Who may read metrics: whoever the service's own guard lets through, or whoever has the token of `FORGE_METRICS_TOKEN`; without one nobody.
 */
export type MetricsAccess = 'guarded' | { readonly token: string | undefined };

const ACCESS = Symbol('who may read metrics');

/** What Prometheus scrapes. */
@Controller()
export class MetricsController {
  constructor(
    private readonly registry: Registry,
    @Inject(ACCESS) private readonly access: MetricsAccess,
  ) {}

  /** In Prometheus' text format. */
  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(@Headers('authorization') authorization = ''): Promise<string> {
    if (this.access !== 'guarded') assertToken(authorization, this.access.token);
    return this.registry.metrics();
  }
}

/** `/metrics` of a service. */
@Module({})
export class MetricsModule {
  static for(registry: Registry, access: MetricsAccess = 'guarded'): DynamicModule {
    return {
      module: MetricsModule,
      controllers: [MetricsController],
      providers: [
        { provide: Registry, useValue: registry },
        { provide: ACCESS, useValue: access },
      ],
    };
  }
}

/** @throws ForgeError UNAUTHENTICATED */
function assertToken(authorization: string, token: string | undefined): void {
  if (token === undefined)
    throw new ForgeError(
      'UNAUTHENTICATED',
      'metrics are for nobody here: set FORGE_METRICS_TOKEN, and send it as a bearer token',
    );
  const given = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? '';
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  if (!timingSafeEqual(a!, b!))
    throw new ForgeError('UNAUTHENTICATED', 'send the token of FORGE_METRICS_TOKEN as a bearer token');
}
