import { join } from 'node:path';
import { ACCESS_TOKEN, ForgeError } from '@agent-forge/contracts';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { privateFile } from '../private-file.js';

/** The key pair that signs tokens. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public part. */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As it is published: without anything secret. */
  readonly publicJwk: JWK;
}

/**
 * The signing key of an installation, made at its first start and kept in `<dir>/signing-key.json`.
 * @throws ForgeError STORE_UNAVAILABLE, or INVALID_ARGUMENT when the file is damaged or others may read it
 */
export async function loadSigningKey(dir: string): Promise<SigningKey> {
  const path = join(dir, 'signing-key.json');
  const text = await privateFile(path, async () => {
    const { privateKey } = await generateKeyPair(ACCESS_TOKEN.algorithm, { crv: 'Ed25519', extractable: true });
    return JSON.stringify(await exportJWK(privateKey));
  });
  try {
    const { kty, crv, x, d } = JSON.parse(text) as JWK;
    if (kty !== 'OKP' || crv !== 'Ed25519' || !x || !d) throw new Error('it is no Ed25519 key pair');
    const publicPart: JWK = { kty, crv, x };
    const kid = await calculateJwkThumbprint(publicPart);
    const privateKey = (await importJWK({ ...publicPart, d }, ACCESS_TOKEN.algorithm)) as CryptoKey;
    return { kid, privateKey, publicJwk: { ...publicPart, kid, alg: ACCESS_TOKEN.algorithm, use: 'sig' } };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${path} cannot be used: ${said}; restore it, or remove it to get a new key (all tokens end)`,
      error,
    );
  }
}
