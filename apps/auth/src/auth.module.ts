import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  brokerCheck,
  diskCheck,
  HealthModule,
  MetricsModule,
  RouteGuard,
  serviceRegistry,
  type TokenVerifier,
} from '@agent-forge/runtime';
import { ApiDocument } from '@agent-forge/runtime/openapi';
import { DocsController } from './docs/docs.controller.js';
import { ApiKeysController } from './http/api-keys.controller.js';
import { ClientsController } from './http/clients.controller.js';
import { DiscoveryController } from './http/discovery.controller.js';
import { KeysController } from './http/keys.controller.js';
import { LoginController } from './http/login.controller.js';
import { MeController } from './http/me.controller.js';
import { RevocationController } from './http/revocation.controller.js';
import { OPEN_ROUTES, RULES } from './http/routes.js';
import { TenantsController } from './http/tenants.controller.js';
import { TokenController } from './http/token.controller.js';
import { UsersController } from './http/users.controller.js';
import { Administration } from './identities/administration.js';
import { ApiKeys } from './identities/api-keys.js';
import type { Identities } from './identities/identities.js';
import { Tenants } from './identities/tenants.js';
import { KeyRing } from './keys/key-ring.js';
import { Logins } from './login/logins.js';
import { Endings } from './tokens/endings.js';
import { Grants } from './tokens/grants.js';
import { TokenIssuer } from './tokens/token-issuer.js';

/** What the module of the auth service is made of. */
export interface AuthModuleOptions {
  keys: KeyRing;
  issuer: TokenIssuer;
  identities: Identities;
  grants: Grants;
  endings: Endings;
  verifier: TokenVerifier;
  connection: NatsConnection;
  dataDir: string;
}

/** The NestJS module of the auth service: every route behind one guard. */
@Module({})
export class AuthModule {
  static for({
    keys,
    issuer,
    identities,
    grants,
    endings,
    verifier,
    connection,
    dataDir,
  }: AuthModuleOptions): DynamicModule {
    const guard = new RouteGuard({
      open: OPEN_ROUTES,
      rules: RULES,
      identify: ({ headers }) => verifier.verify(headers.authorization),
    });
    return {
      module: AuthModule,
      imports: [
        HealthModule.for({ broker: brokerCheck(connection), disk: diskCheck(dataDir) }),
        MetricsModule.for(serviceRegistry('auth')),
      ],
      controllers: [
        KeysController,
        DiscoveryController,
        TokenController,
        RevocationController,
        LoginController,
        UsersController,
        ClientsController,
        ApiKeysController,
        TenantsController,
        MeController,
        DocsController,
      ],
      providers: [
        ApiDocument,
        { provide: APP_GUARD, useValue: guard },
        { provide: KeyRing, useValue: keys },
        { provide: TokenIssuer, useValue: issuer },
        { provide: Grants, useValue: grants },
        { provide: Endings, useValue: endings },
        { provide: Administration, useValue: identities.administration },
        { provide: ApiKeys, useValue: identities.keys },
        { provide: Tenants, useValue: identities.tenants },
        { provide: Logins, useValue: identities.logins },
      ],
    };
  }
}
