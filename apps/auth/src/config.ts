import {
  EnvReader,
  readConfig,
  readHttpTls,
  readOrigins,
  readOutsideIssuer,
  type HttpTls,
  type OutsideIssuer,
  type ServiceConfig,
} from '@agent-forge/runtime';

/** Beside the gateway's 8083. */
export const DEFAULT_PORT = 8084;

/** What the auth service is told by its environment. */
export interface AuthConfig extends ServiceConfig {
  /** `FORGE_ISSUER`: the URL by which others know this service (default: where it listens). It stands in every token. */
  readonly issuer: string | undefined;
  /** `FORGE_KEY_DAYS`: after how many days the key that signs tokens is followed by another (default 30). */
  readonly keyDays: number;
  /** An issuer that is trusted besides (`FORGE_OIDC_*`). */
  readonly outside: OutsideIssuer | undefined;
  /** `FORGE_CORS_ORIGINS`: web origins whose pages may ask (default: none). */
  readonly origins: readonly string[];
  /** `FORGE_TLS_CERT_FILE` and the rest of {@link readHttpTls}. */
  readonly tls: HttpTls | undefined;
}

const MAX_KEY_DAYS = 366;

/** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
export function readAuthConfig(env: NodeJS.ProcessEnv): AuthConfig {
  const reader = new EnvReader(env);
  const keyDays = reader.integer('FORGE_KEY_DAYS', 30, 1, MAX_KEY_DAYS);
  const outside = readOutsideIssuer(reader);
  const origins = readOrigins(reader);
  const tls = readHttpTls(reader);
  reader.check();
  return { ...readConfig(env, DEFAULT_PORT), issuer: reader.text('FORGE_ISSUER'), keyDays, outside, origins, tls };
}
