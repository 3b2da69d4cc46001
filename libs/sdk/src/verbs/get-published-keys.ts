import { AUTH_PATHS } from '@agent-forge/contracts';
import { sendForJson, type Way } from '../http/connection.js';

/** A public key: Ed25519 as RFC 8037 writes it. */
export interface PublishedKey {
  readonly kid: string;
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly alg: string;
  readonly use: string;
}

/**
 * The public keys by which tokens are verified (RFC 7517).
 * @param auth the way to the auth service; no token is needed
 * @throws ForgeError those of every request
 */
export async function getPublishedKeys(auth: Way): Promise<PublishedKey[]> {
  return (await sendForJson<{ keys: PublishedKey[] }>(auth, { path: AUTH_PATHS.jwks })).keys;
}
