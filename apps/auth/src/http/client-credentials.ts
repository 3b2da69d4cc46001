import type { Credentials } from '../clients/client-store.js';

/** A token request whose parameters each appear once (RFC 6749, section 3.2); `mistake` names the OAuth error. */
export type TokenRequest = { credentials: Credentials } | { mistake: OAuthError; description: string };

/** The errors of RFC 6749, section 5.2, that this service gives. */
export type OAuthError = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type';

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads a request for a token: the client's credentials come in the `Authorization` header or in the form, never in both.
 * @param form the parsed form; a parameter that stands there twice is an array
 */
export function readTokenRequest(form: unknown, authorization: string | undefined): TokenRequest {
  if (typeof form !== 'object' || form === null) return mistake('invalid_request', 'send a form');
  const fields = form as Record<string, unknown>;
  if (Object.values(fields).some((value) => typeof value !== 'string')) {
    return mistake('invalid_request', 'every parameter may stand there once, as a text');
  }
  const { grant_type: grant, client_id: id, client_secret: secret } = fields as Record<string, string | undefined>;
  if (grant === undefined) return mistake('invalid_request', 'grant_type is missing');
  if (grant !== 'client_credentials') return mistake('unsupported_grant_type', 'grant_type must be client_credentials');
  const inForm = id !== undefined && secret !== undefined ? { clientId: id, clientSecret: secret } : undefined;
  const inHeader = authorization === undefined ? undefined : readBasic(authorization);
  if (authorization !== undefined && secret !== undefined)
    return mistake('invalid_request', 'credentials stand in header and form');
  const credentials = inHeader ?? inForm;
  return credentials ? { credentials } : mistake('invalid_client', 'the credentials of the client are missing');
}

/** Id and secret are form-encoded inside the header (RFC 6749, section 2.3.1). */
function readBasic(authorization: string): Credentials | undefined {
  const [, encoded] = BASIC.exec(authorization) ?? [];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  try {
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
    return { clientId: decode(id), clientSecret: decode(secret) };
  } catch {
    return undefined;
  }
}

function mistake(error: OAuthError, description: string): TokenRequest {
  return { mistake: error, description };
}
