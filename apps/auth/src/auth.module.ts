import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { diskCheck, HealthModule, MetricsModule, serviceRegistry, TokenVerifier } from '@agent-forge/runtime';
import { createLocalJWKSet } from 'jose';
import { ClientStore } from './clients/client-store.js';
import { KEY_SET, KeysController } from './http/keys.controller.js';
import { TokenGuard } from './http/token.guard.js';
import { TokenController } from './http/token.controller.js';
import type { SigningKey } from './keys/signing-key.js';
import { TokenIssuer } from './tokens/token-issuer.js';

/** What the module of the auth service is made of. */
export interface AuthModuleOptions {
  key: SigningKey;
  clients: ClientStore;
  issuer: TokenIssuer;
  dataDir: string;
}

/** The NestJS module of the auth service. */
@Module({})
export class AuthModule {
  static for({ key, clients, issuer, dataDir }: AuthModuleOptions): DynamicModule {
    const keys = { keys: [key.publicJwk] };
    return {
      module: AuthModule,
      imports: [HealthModule.for({ disk: diskCheck(dataDir) }), MetricsModule.for(serviceRegistry('auth'))],
      controllers: [KeysController, TokenController],
      providers: [
        { provide: APP_GUARD, useClass: TokenGuard },
        { provide: TokenVerifier, useValue: new TokenVerifier(createLocalJWKSet(keys), issuer.url) },
        { provide: KEY_SET, useValue: keys },
        { provide: ClientStore, useValue: clients },
        { provide: TokenIssuer, useValue: issuer },
      ],
    };
  }
}
