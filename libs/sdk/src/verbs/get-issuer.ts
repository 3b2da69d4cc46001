import { AUTH_PATHS } from '@agent-forge/contracts';
import { sendForJson, type Way } from '../http/connection.js';

/** Where things are, and what is supported. */
export interface IssuerView {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint: string;
  readonly grant_types_supported: readonly string[];
  readonly scopes_supported: readonly string[];
}

/**
 * What an issuer of tokens says of itself (OpenID Connect Discovery 1.0).
 * @param auth the way to the auth service; no token is needed
 * @throws ForgeError those of every request
 */
export function getIssuer(auth: Way): Promise<IssuerView> {
  return sendForJson(auth, { path: AUTH_PATHS.openIdConfiguration });
}
