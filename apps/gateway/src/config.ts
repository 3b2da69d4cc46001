import {
  EnvReader,
  readConfig,
  readHttpTls,
  readOrigins,
  readOutsideIssuer,
  readServiceUrl,
  type HttpTls,
  type OutsideIssuer,
  type ServiceConfig,
} from '@agent-forge/runtime';

/** The port of the front door. */
export const DEFAULT_PORT = 8083;

/** Waits grow to over a thousand times the first. */
const MAX_RETRY_MS = 60_000;

const MAX_LIMIT = 1_000_000;

/** Requests per second; 0 is no limit. */
export interface Rates {
  readonly reads: number;
  readonly writes: number;
}

/** What the gateway is told by its environment. */
export interface GatewayConfig extends ServiceConfig {
  /** `FORGE_AUTH_URL`: base URL of the auth service. */
  readonly authUrl: string;
  /** `FORGE_ISSUER`: who must have issued a token (default: the auth service by its URL). */
  readonly issuer: string;
  /** An issuer that is trusted besides (`FORGE_OIDC_*`). */
  readonly outside: OutsideIssuer | undefined;
  /** `FORGE_WEBHOOK_ALLOW`: hosts, or hosts with ports, that webhooks may have though they are not public or not https (default: none). */
  readonly webhookAllow: readonly string[];
  /** `FORGE_WEBHOOK_RETRY_MS`: the wait before the second attempt of a delivery; later ones grow from it (default 5000). */
  readonly webhookRetryMs: number;
  /** `FORGE_TENANT_READS_PER_S` and `FORGE_TENANT_WRITES_PER_S`: requests of a tenant at this gateway; 0 is no limit (default 5000 and 1000). */
  readonly tenantRates: Rates;
  /** `FORGE_CLIENT_READS_PER_S` and `FORGE_CLIENT_WRITES_PER_S`: those of one user, client or API key (default 5000 and 1000). */
  readonly clientRates: Rates;
  /** `FORGE_TENANT_OPEN_RUNS`: runs of a tenant that have not ended; 0 is no limit (default 10000). */
  readonly tenantOpenRuns: number;
  /** `FORGE_CORS_ORIGINS`: web origins whose pages may ask (default: none). */
  readonly origins: readonly string[];
  /** `FORGE_TLS_CERT_FILE` and the rest of {@link readHttpTls}. */
  readonly tls: HttpTls | undefined;
}

/** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const reader = new EnvReader(env);
  const authUrl = readServiceUrl(
    reader,
    'FORGE_AUTH_URL',
    'the URL of the auth service, for example http://127.0.0.1:8084',
  );
  const webhookRetryMs = reader.integer('FORGE_WEBHOOK_RETRY_MS', 5_000, 1, MAX_RETRY_MS);
  const outside = readOutsideIssuer(reader);
  const rate = (name: string, fallback: number) => reader.integer(name, fallback, 0, MAX_LIMIT);
  const ratesOf = (whose: string): Rates => ({
    reads: rate(`FORGE_${whose}_READS_PER_S`, 5_000),
    writes: rate(`FORGE_${whose}_WRITES_PER_S`, 1_000),
  });
  const limits = {
    tenantRates: ratesOf('TENANT'),
    clientRates: ratesOf('CLIENT'),
    tenantOpenRuns: rate('FORGE_TENANT_OPEN_RUNS', 10_000),
  };
  const origins = readOrigins(reader);
  const tls = readHttpTls(reader);
  reader.check();
  return {
    ...readConfig(env, DEFAULT_PORT),
    authUrl,
    issuer: reader.text('FORGE_ISSUER') ?? authUrl,
    outside,
    webhookAllow: (reader.text('FORGE_WEBHOOK_ALLOW') ?? '').split(',').flatMap((host) => host.trim() || []),
    webhookRetryMs,
    ...limits,
    origins,
    tls,
  };
}
