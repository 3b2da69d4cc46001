import type { Credentials } from '../tokens/grants.js';

/** A token request whose parameters each appear once (RFC 6749, section 3.2). */
export type TokenRequest =
  | { grant: 'client_credentials'; credentials: Credentials; scope?: string }
  | { grant: 'refresh_token'; refreshToken: string; scope?: string };

/** Why a request is refused; `mistake` names the OAuth error. */
export interface Mistake {
  mistake: 'invalid_request' | 'invalid_client' | 'unsupported_grant_type';
  description: string;
}

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads a request for a token: the client's credentials come in the `Authorization` header or in the form, never in both.
 * @param form the parsed form; a parameter that stands there twice is an array
 */
export function readTokenRequest(form: unknown, authorization: string | undefined): TokenRequest | Mistake {
  const fields = readForm(form);
  if ('mistake' in fields) return fields;
  const { grant_type: grant, scope, refresh_token: refreshToken } = fields.parameters;
  const asked = scope === undefined ? {} : { scope };
  if (grant === undefined) return mistake('invalid_request', 'grant_type is missing');
  if (grant === 'client_credentials') {
    const credentials = readCredentials(fields.parameters, authorization);
    return 'mistake' in credentials ? credentials : { grant, credentials, ...asked };
  }
  if (grant !== 'refresh_token')
    return mistake('unsupported_grant_type', 'grant_type must be client_credentials or refresh_token');
  if (refreshToken === undefined) return mistake('invalid_request', 'refresh_token is missing');
  return { grant, refreshToken, ...asked };
}

/** The token of a request to end it (RFC 7009, section 2.1). */
export function readRevocationRequest(form: unknown): { token: string } | Mistake {
  const fields = readForm(form);
  if ('mistake' in fields) return fields;
  const { token } = fields.parameters;
  return token === undefined ? mistake('invalid_request', 'token is missing') : { token };
}

function readForm(form: unknown): { parameters: Record<string, string | undefined> } | Mistake {
  if (typeof form !== 'object' || form === null) return mistake('invalid_request', 'send a form');
  if (Object.values(form).some((value) => typeof value !== 'string')) {
    return mistake('invalid_request', 'every parameter may stand there once, as a text');
  }
  // What is sent empty counts as left out (RFC 6749, section 3.2).
  return { parameters: Object.fromEntries(Object.entries(form as object).filter(([, value]) => value !== '')) };
}

function readCredentials(
  { client_id: id, client_secret: secret }: Record<string, string | undefined>,
  authorization: string | undefined,
): Credentials | Mistake {
  const inForm = id !== undefined && secret !== undefined ? { clientId: id, clientSecret: secret } : undefined;
  const inHeader = authorization === undefined ? undefined : readBasic(authorization);
  if (authorization !== undefined && secret !== undefined)
    return mistake('invalid_request', 'credentials stand in header and form');
  return inHeader ?? inForm ?? mistake('invalid_client', 'the credentials of the client are missing');
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

function mistake(error: Mistake['mistake'], description: string): Mistake {
  return { mistake: error, description };
}
