import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

/** RFC 7914 parameters: 16 MiB and about 50 ms for each try. */
const COST: ScryptOptions = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A secret as it is kept: nobody can get it back. */
export interface SecretHash {
  /** Hexadecimal. */
  readonly salt: string;
  readonly hash: string;
}

/** Hashes a secret with a salt of its own (scrypt). */
export async function hashSecret(secret: string): Promise<SecretHash> {
  const salt = randomBytes(SALT_BYTES);
  return { salt: salt.toString('hex'), hash: (await derive(secret, salt)).toString('hex') };
}

/** Whether a secret is the one that was hashed; takes the same time for a wrong one. */
export async function verifySecret(secret: string, { salt, hash }: SecretHash): Promise<boolean> {
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'hex')), Buffer.from(hash, 'hex'));
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
