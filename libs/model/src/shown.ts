/** Longer values are cut: a message is one line that a person reads. */
const MAX_SHOWN = 80;
/**
 * Characters that draw nothing or steer a terminal: controls (JSON escapes only those below U+0020), formats such as
 * the marks that turn the direction of writing, line and paragraph separators.
 */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const INVISIBLE_ALL = new RegExp(INVISIBLE, 'gu');

/** A value out of somebody's file for an error message: as JSON, never a page of it, nothing invisible in it. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const short = typeof value === 'string' ? value.slice(0, MAX_SHOWN) : value;
  const json = (JSON.stringify(short) ?? String(short)).replace(INVISIBLE_ALL, escape);
  return json.length <= MAX_SHOWN ? json : `${json.slice(0, MAX_SHOWN).toWellFormed()}…`;
}

/** `\u` escapes, one per UTF-16 unit, as JSON writes them. */
function escape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
}
