import { EnvReader, readConfig, readOutsideIssuer, type OutsideIssuer, type ServiceConfig } from '@agent-forge/runtime';

/** The port of the front door. */
export const DEFAULT_PORT = 8083;

/** Waits grow to over a thousand times the first. */
const MAX_RETRY_MS = 60_000;

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
}

/** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const reader = new EnvReader(env);
  const authUrl = reader.required('FORGE_AUTH_URL', 'the URL of the auth service, for example http://127.0.0.1:8084');
  const webhookRetryMs = reader.integer('FORGE_WEBHOOK_RETRY_MS', 5_000, 1, MAX_RETRY_MS);
  const outside = readOutsideIssuer(reader);
  reader.check();
  return {
    ...readConfig(env, DEFAULT_PORT),
    authUrl,
    issuer: reader.text('FORGE_ISSUER') ?? authUrl,
    outside,
    webhookAllow: (reader.text('FORGE_WEBHOOK_ALLOW') ?? '').split(',').flatMap((host) => host.trim() || []),
    webhookRetryMs,
  };
}
