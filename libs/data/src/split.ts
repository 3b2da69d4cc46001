import { createHash } from 'node:crypto';

/**
 * The three disjoint parts of every data set: training sees only `train`, search and early stopping only `select`, and
 * every number that leaves a phase is measured on `report`.
 */
export type Part = 'train' | 'select' | 'report';

/** All parts, in the order of the hash line. */
export const PARTS: readonly Part[] = ['train', 'select', 'report'];

const TRAIN_SHARE = 0.8;
const SELECT_SHARE = 0.1;
/** Bytes of the digest that become a fraction: 48 bits are exact in a double. */
const HASH_BYTES = 6;

/** Printable ASCII has one Unicode form; most keys are that, and hashing them is on the path of every drawn item. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * A prompt or key without what makes no difference to its meaning: Unicode form (NFKC), case, and the number and kind
 * of blanks. Capitals are folded through upper case, so that ß, ss and both small sigmas meet.
 */
export function normalizeKey(key: string): string {
  const folded = PLAIN.test(key)
    ? key.toLowerCase()
    : key.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
  return folded.replace(/\s+/gu, ' ').trim();
}

/**
 * Where a key lies on the line from 0 to 1 (SHA-256 of the normalised key). Whoever needs a smaller training set, as
 * the grokking bench its half, takes keys below 0.5: they are all in `train`.
 */
export function hashFraction(key: string): number {
  const digest = createHash('sha256').update(normalizeKey(key)).digest();
  return digest.readUIntBE(0, HASH_BYTES) / 2 ** (8 * HASH_BYTES);
}

/** The part of a key: 80 % train, 10 % select, 10 % report, by content alone, the same in every data set and run. */
export function splitOf(key: string): Part {
  const fraction = hashFraction(key);
  if (fraction < TRAIN_SHARE) return 'train';
  return fraction < TRAIN_SHARE + SELECT_SHARE ? 'select' : 'report';
}
