import { Module, type DynamicModule } from '@nestjs/common';
import { diskCheck, HealthModule } from '@agent-forge/runtime';
import { ClientStore } from './clients/client-store.js';
import { KEY_SET, KeysController } from './http/keys.controller.js';
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
    return {
      module: AuthModule,
      imports: [HealthModule.for({ disk: diskCheck(dataDir) })],
      controllers: [KeysController, TokenController],
      providers: [
        { provide: KEY_SET, useValue: { keys: [key.publicJwk] } },
        { provide: ClientStore, useValue: clients },
        { provide: TokenIssuer, useValue: issuer },
      ],
    };
  }
}
