import { ACCESS_TOKEN, ForgeError } from '@agent-forge/contracts';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';

/** A key pair that signs tokens. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public part. */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As it is published: without anything secret. */
  readonly publicJwk: JWK;
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
}

/** A new key pair, as the text of its file. */
export async function generateSigningKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(ACCESS_TOKEN.algorithm, { crv: 'Ed25519', extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

/**
 * Reads the file of a key pair.
 * @param path for the message
 * @throws ForgeError INVALID_ARGUMENT when it is damaged
 */
export async function parseSigningKey(text: string, path: string, madeAtMs: number): Promise<SigningKey> {
  try {
    const { kty, crv, x, d } = JSON.parse(text) as JWK;
    if (kty !== 'OKP' || crv !== 'Ed25519' || !x || !d) throw new Error('it is no Ed25519 key pair');
    const publicPart: JWK = { kty, crv, x };
    const kid = await calculateJwkThumbprint(publicPart);
    const privateKey = (await importJWK({ ...publicPart, d }, ACCESS_TOKEN.algorithm)) as CryptoKey;
    return { kid, privateKey, publicJwk: { ...publicPart, kid, alg: ACCESS_TOKEN.algorithm, use: 'sig' }, madeAtMs };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${path} cannot be used: ${said}; restore it, or remove it to get a new key (all tokens end)`,
      error,
    );
  }
}
