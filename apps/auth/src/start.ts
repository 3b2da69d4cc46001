import { join } from 'node:path';
import { closeNats, connectNats, NatsAuditLog, prepareStreams, Revocations } from '@agent-forge/nats';
import {
  auditRequests,
  callerOf,
  createHttpApp,
  listen,
  makeLogger,
  routesOf,
  TokenVerifier,
  type Logger,
  type Service,
} from '@agent-forge/runtime';
import { ApiDocument } from '@agent-forge/runtime/openapi';
import type { RouteOptions } from 'fastify';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import { AuthModule } from './auth.module.js';
import { readAuthConfig, type AuthConfig } from './config.js';
import { describeAuth } from './docs/openapi.js';
import { ensureFirstAdmin } from './identities/first-admin.js';
import { openIdentities } from './identities/identities.js';
import { KeyRing } from './keys/key-ring.js';
import { ServiceSecret } from './secrets/service-secret.js';
import { Endings } from './tokens/endings.js';
import { Grants } from './tokens/grants.js';
import { TokenIssuer } from './tokens/token-issuer.js';

const DAY_MS = 86_400_000;

/** Starts the auth service in this process, configured by an environment. */
export async function openService(env: NodeJS.ProcessEnv): Promise<Service> {
  const config = readAuthConfig(env);
  const logger = makeLogger('auth', config);
  return { logger, ...(await startAuth(config, logger)) };
}

/** The auth service, once it listens. */
export interface RunningAuth {
  readonly url: string;
  readonly routes: readonly RouteOptions[];
  close(): Promise<void>;
}

/** Starts the auth service in this process; its secrets lie in `<dataDir>/auth`, all else on the broker. */
export async function startAuth(config: AuthConfig, logger: Logger): Promise<RunningAuth> {
  const dir = join(config.dataDir, 'auth');
  const [keys, secret] = [await KeyRing.open(dir, config.keyDays * DAY_MS), await ServiceSecret.open(dir)];
  const connection = await connectNats({ ...config.nats, name: 'auth' });
  const opened: (() => Promise<void>)[] = [() => closeNats(connection)];
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    await prepareStreams(connection, 'auth', config.streams, config.natsReplicas);
    const revocations = await Revocations.open(connection);
    opened.push(() => revocations.close());
    const identities = await openIdentities(connection, revocations, secret);
    await ensureFirstAdmin(dir, identities.principals, identities.tenants);
    let url = '';
    const issuer = new TokenIssuer(
      () => keys.signer(),
      () => config.issuer ?? url,
    );
    const keyOf: JWTVerifyGetKey = (header, token) => createLocalJWKSet(keys.published())(header, token);
    const verifier = new TokenVerifier({ keys: keyOf, issuer: issuer.url, revocations, outside: config.outside });
    const { principals, tenants, keys: apiKeys, sessions, logins } = identities;
    const grants = new Grants(principals, tenants, apiKeys, sessions, logins, issuer);
    const endings = new Endings(sessions, apiKeys, verifier, revocations);
    const { dataDir } = config;
    const app = await createHttpApp(
      AuthModule.for({ keys, issuer, identities, grants, endings, verifier, connection, dataDir }),
      logger,
      config,
    );
    opened.push(() => app.close());
    app.get(ApiDocument).set(describeAuth(app));
    keys.start(logger);
    opened.push(async () => keys.close());
    auditRequests(app.getHttpAdapter().getInstance(), {
      log: new NatsAuditLog(connection),
      identify: async (request) => callerOf(request) ?? verifier.verify(request.headers.authorization),
      logger,
    });
    url = await listen(app, config);
    logger.info({ url, issuer: issuer.url(), kid: keys.signer().kid }, 'serving');
    return { url, routes: routesOf(app), close };
  } catch (error) {
    await close();
    throw error;
  }
}
