import { EnvReader, readConfig, type ServiceConfig } from '@agent-forge/runtime';

/** Beside the gateway's 8083. */
export const DEFAULT_PORT = 8084;

/** What the auth service is told by its environment. */
export interface AuthConfig extends ServiceConfig {
  /** `FORGE_ISSUER`: the URL by which others know this service (default: where it listens). It stands in every token. */
  readonly issuer: string | undefined;
}

/** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
export function readAuthConfig(env: NodeJS.ProcessEnv): AuthConfig {
  return { ...readConfig(env, DEFAULT_PORT), issuer: new EnvReader(env).text('FORGE_ISSUER') };
}
