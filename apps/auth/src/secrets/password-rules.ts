import { ForgeError } from '@agent-forge/contracts';

/** Length is what counts (NIST SP 800-63B): no rules on kinds of characters, and nothing that must be changed every month. */
export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 256;
/** "aaaaaaaaaaaa" and "121212121212" are long and weak. */
const MIN_DISTINCT = 6;
/** Rows that people slide along. */
const ROWS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop'];
/** Words of which most passwords in leaked lists are made; alone, with digits or signs around them, they do not count. */
const COMMON = /password|passwort|letmein|welcome|admin|login|qwert|iloveyou|monkey|dragon|agentforge|changeme|secret/g;
const MIN_LEFT = 6;

/** @param user whose password it is to be @throws ForgeError INVALID_ARGUMENT when a password is too easy to guess */
export function assertGoodPassword(password: string, user: string): void {
  const problem = problemOf(password.normalize('NFKC').toLowerCase(), user);
  if (problem !== undefined) throw new ForgeError('INVALID_ARGUMENT', `password: ${problem}`);
}

function problemOf(password: string, user: string): string | undefined {
  const { length } = [...password];
  if (length < MIN_PASSWORD_LENGTH)
    return `must have at least ${MIN_PASSWORD_LENGTH} characters; several words are a good one`;
  if (length > MAX_PASSWORD_LENGTH) return `must have at most ${MAX_PASSWORD_LENGTH} characters`;
  if (new Set(password).size < MIN_DISTINCT) return `must have at least ${MIN_DISTINCT} different characters`;
  if (rest(password, user).length < MIN_LEFT)
    return 'is one of those that are tried first; take several words of your own';
  return undefined;
}

/** What is left of a password without what everybody tries. */
function rest(password: string, user: string): string {
  let left = password.replaceAll(user, '').replaceAll(COMMON, '');
  for (const row of ROWS) {
    for (const way of [row, [...row].reverse().join('')]) {
      for (let size = way.length; size >= 4; size--) {
        for (let at = 0; at + size <= way.length; at++) left = left.replaceAll(way.slice(at, at + size), '');
      }
    }
  }
  return left;
}
