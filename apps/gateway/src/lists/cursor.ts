import { createHash } from 'node:crypto';
import { canonicalJson, ForgeError } from '@agent-forge/contracts';

/** Length of the digest of a list in its cursors, in hexadecimal digits. */
const DIGEST_LENGTH = 16;
/** As the OpenAPI document says it of the parameter. */
export const CURSOR_PATTERN = '^[A-Za-z0-9_-]{1,200}$';

/**
 * A cursor that names the place behind an item of one list. It is no secret: a forged one can only name another place of the caller's own list.
 * @param list all that decides what is in the list and in what order
 * @param last the key of the item
 */
export function cursorBehind(list: object, last: string): string {
  return Buffer.from(`${digestOf(list)}${last}`, 'latin1').toString('base64url');
}

/** The key of the item that a page begins behind; undefined for the first page. @throws ForgeError INVALID_ARGUMENT for a cursor that is not of this list */
export function keyOfCursor(list: object, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const last = text.slice(DIGEST_LENGTH);
  if (last !== '' && cursor === cursorBehind(list, last)) return last;
  throw new ForgeError(
    'INVALID_ARGUMENT',
    'after: must be what the page before gave as next, with the same filters and sort',
  );
}

function digestOf(list: object): string {
  return createHash('sha256').update(canonicalJson(list)).digest('hex').slice(0, DIGEST_LENGTH);
}
