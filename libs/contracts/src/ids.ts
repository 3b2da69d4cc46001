import { ForgeError } from './errors.js';
import { MAX_ID_LENGTH } from './limits.js';

/** Ids become tokens of NATS subjects and names of files: no dot, wildcard, slash, sign or capital can get in. */
const ID = new RegExp(`^[a-z0-9]{1,${MAX_ID_LENGTH}}$`);
const DIGEST = /^[0-9a-f]{64}$/;

/** Crockford's base 32 in small letters: sorts as the numbers do, and has no letters that look alike. */
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';
/** 48 bits of milliseconds last until the year 10889. */
const TIME_DIGITS = 10;
/** 80 random bits. */
const RANDOM_BYTES = 10;

/** Whether a value may stand as one token of a subject: 1 to 40 of `[a-z0-9]`. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/**
 * @param what names the value in the message, for example `tenant`
 * @throws ForgeError INVALID_ARGUMENT
 */
export function assertId(value: unknown, what: string): string {
  if (isId(value)) return value;
  throw new ForgeError('INVALID_ARGUMENT', `${what} must be 1 to ${MAX_ID_LENGTH} characters of a-z and 0-9`);
}

/** Whether a value is a SHA-256 in 64 small hexadecimal digits, as artifacts and their files are named. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

/**
 * A ULID in small letters (26 characters): ids made later sort later. Pure, so that time and randomness stay with the caller.
 * @param timeMs milliseconds since 1970
 * @param random at least 10 random bytes
 */
export function ulid(timeMs: number, random: Uint8Array): string {
  if (random.length < RANDOM_BYTES)
    throw new ForgeError('INVALID_ARGUMENT', `a ULID needs ${RANDOM_BYTES} random bytes`);
  let bits = BigInt(Math.trunc(timeMs));
  for (let i = 0; i < RANDOM_BYTES; i++) bits = (bits << 8n) | BigInt(random[i]!);
  let text = '';
  for (let i = 0; i < TIME_DIGITS + (RANDOM_BYTES * 8) / 5; i++) {
    text = BASE32[Number(bits & 31n)]! + text;
    bits >>= 5n;
  }
  return text;
}
