import { join } from 'node:path';
import { createHttpApp, listen, makeLogger, type Logger, type Service } from '@agent-forge/runtime';
import { AuthModule } from './auth.module.js';
import { ClientStore } from './clients/client-store.js';
import { readAuthConfig, type AuthConfig } from './config.js';
import { loadSigningKey } from './keys/signing-key.js';
import { TokenIssuer } from './tokens/token-issuer.js';

/** Starts the auth service in this process, configured by an environment. */
export async function openService(env: NodeJS.ProcessEnv): Promise<Service> {
  const config = readAuthConfig(env);
  const logger = makeLogger('auth', config);
  return { logger, ...(await startAuth(config, logger)) };
}

/** Starts the auth service in this process; its secrets lie in `<dataDir>/auth`. */
export async function startAuth(config: AuthConfig, logger: Logger): Promise<{ url: string; close(): Promise<void> }> {
  const dir = join(config.dataDir, 'auth');
  const [key, clients] = [await loadSigningKey(dir), await ClientStore.open(dir)];
  let url = '';
  const issuer = new TokenIssuer(key, () => config.issuer ?? url);
  const app = await createHttpApp(AuthModule.for({ key, clients, issuer, dataDir: config.dataDir }), logger);
  url = await listen(app, config);
  logger.info({ url, issuer: config.issuer ?? url, kid: key.kid }, 'serving');
  return { url, close: () => app.close() };
}
