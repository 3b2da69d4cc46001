import { ForgeError } from './errors.js';

/** Values that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** In unicode mode a surrogate matches only where its other half is missing. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The one JSON text of a value (RFC 8785, JCS): keys in UTF-16 order, no blanks, numbers as ECMAScript writes them. Equal values give equal
 * bytes, so that the text can be hashed. Keys whose value is undefined are left out.
 * @throws ForgeError INVALID_ARGUMENT for what JSON cannot say (NaN, Infinity, a lone surrogate, functions)
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${canonicalJson(k)}:${canonicalJson(v)}`).join(',')}}`;
  }
  const sayable =
    typeof value === 'number' ? Number.isFinite(value) : value === null || typeof value === 'boolean' || isText(value);
  if (!sayable)
    throw new ForgeError('INVALID_ARGUMENT', `${String(value)} (${typeof value}) cannot be written as canonical JSON`);
  return JSON.stringify(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && !LONE_SURROGATE.test(value);
}
