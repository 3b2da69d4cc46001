import { EnvReader, readConfig, type ServiceConfig } from '@agent-forge/runtime';

/** The port of the front door. */
export const DEFAULT_PORT = 8083;

/** What the gateway is told by its environment. */
export interface GatewayConfig extends ServiceConfig {
  /** `FORGE_AUTH_URL`: base URL of the auth service. */
  readonly authUrl: string;
  /** `FORGE_ISSUER`: who must have issued a token (default: the auth service by its URL). */
  readonly issuer: string;
}

/** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const reader = new EnvReader(env);
  const authUrl = reader.required('FORGE_AUTH_URL', 'the URL of the auth service, for example http://127.0.0.1:8084');
  reader.check();
  return { ...readConfig(env, DEFAULT_PORT), authUrl, issuer: reader.text('FORGE_ISSUER') ?? authUrl };
}
