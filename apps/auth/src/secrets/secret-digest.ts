import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: nobody guesses it, however fast they try, so that one fast hash protects it. */
export const SECRET_BYTES = 32;
/** No secret of ours is longer; hashing more would only be work for whoever sends it. */
const MAX_SECRET_LENGTH = 256;

/** A new secret of a client. */
export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** A random secret as it is kept: SHA-256 in hexadecimal. Passwords, which people think up, are hashed by {@link PasswordHasher} instead. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret.slice(0, MAX_SECRET_LENGTH)).digest('hex');
}

/** Whether a secret is the one of a digest; takes the same time for a wrong one. */
export function isSecretOf(secret: string, digest: string): boolean {
  if (secret.length > MAX_SECRET_LENGTH) return false;
  const [given, kept] = [digestOf(secret), digest].map((text) => Buffer.from(text, 'hex'));
  return given!.length === kept!.length && timingSafeEqual(given!, kept!);
}
