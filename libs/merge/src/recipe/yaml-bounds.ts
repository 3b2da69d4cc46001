import { Lexer, Parser } from 'yaml';
import { errorAt, type Place } from './located-yaml.js';

/** Recipes nest about ten deep. */
export const MAX_DEPTH = 40;
/** The parser holds an entry for each collection that is open, and a few of its own. */
const MAX_OPEN = MAX_DEPTH + 8;
/** A recipe for a hundred layers of a dozen models has some ten thousand words and signs. */
const MAX_TOKENS = 500_000;
/** YAML 1.2.2, section 5.1: what a text may not contain. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/;

/**
 * Walks through a text with the library's lexer and parser, which do not recurse, before its composer does: a hundred kilobytes of brackets
 * would overflow the stack there and end the process.
 * @throws ForgeError `INVALID_ARGUMENT` where a text is nested too deeply, too long or not printable
 */
export function checkBounds(text: string, path: string): void {
  const control = UNPRINTABLE.exec(text);
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, '0');
    throw errorAt(path, placeOf(text, control.index), `the character U+${code} has no place in a recipe; remove it`);
  }
  const parser = new Parser();
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)) tokens += 1;
    if (parser.stack.length > MAX_OPEN)
      throw errorAt(path, placeOf(text, parser.offset), `it is nested more than ${MAX_DEPTH} deep`);
    if (++tokens > MAX_TOKENS)
      throw errorAt(path, placeOf(text, parser.offset), `it has more than ${MAX_TOKENS} words and signs`);
  }
}

function placeOf(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}
