import { shown } from '../shown.js';

/** A JSON value; objects are maps, so that no key (`__proto__`) means anything to JavaScript. */
export type StrictJson = string | number | boolean | null | StrictJson[] | Map<string, StrictJson>;

export interface StrictJsonRules {
  /** Objects and lists inside one another. */
  readonly maxDepth: number;
  /** Entries of one object or list. */
  readonly maxEntries: number;
  /** Objects and lists in all: an empty one takes two characters of text and a hundred times that in memory. */
  readonly maxContainers: number;
  /** Numbers of other kinds than plain whole ones up to 2^53 - 1 are refused, unless `any` is said. */
  readonly numbers?: 'whole' | 'any';
  /** Called with what is wrong; throws. */
  readonly fail: (problem: string) => never;
}

const NUMBER = /-?[0-9][0-9.eE+-]*/y;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const WHOLE = /^(?:0|[1-9][0-9]{0,15})$/;

/**
 * Parses the JSON (RFC 8259) of safetensors headers and indices and refuses what `JSON.parse` lets pass in silence:
 * keys that stand twice, text that is not well-formed Unicode, any depth, and every number that is not a plain whole
 * number up to 2^53 - 1 (`-0`, `1e3`, `1.0`). Only spaces may follow the value.
 */
export function parseStrictJson(text: string, rules: StrictJsonRules): StrictJson {
  return new Parser(text, rules).document();
}

class Parser {
  private at = 0;
  private containers = 0;

  constructor(
    private readonly text: string,
    private readonly rules: StrictJsonRules,
  ) {}

  document(): StrictJson {
    const value = this.value(1);
    while (this.text[this.at] === ' ') this.at++;
    if (this.at < this.text.length) this.fail('something other than spaces follows the JSON value');
    return value;
  }

  private fail(problem: string): never {
    return this.rules.fail(problem);
  }

  private skipSpace(): void {
    for (let c = this.text[this.at]; c === ' ' || c === '\n' || c === '\r' || c === '\t'; c = this.text[++this.at]);
  }

  private take(char: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private value(depth: number): StrictJson {
    if (this.take('{')) return this.object(depth);
    if (this.take('[')) return this.list(depth);
    const c = this.text[this.at];
    if (c === '"') return this.string();
    if (c !== undefined && (c === '-' || (c >= '0' && c <= '9'))) return this.number();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    return this.fail(`there is no JSON value at character ${this.at}`);
  }

  private object(depth: number): Map<string, StrictJson> {
    this.enter(depth);
    const entries = new Map<string, StrictJson>();
    if (this.take('}')) return entries;
    do {
      this.skipSpace();
      if (this.text[this.at] !== '"') this.fail(`a key is missing at character ${this.at}`);
      const key = this.string();
      if (entries.has(key)) this.fail(`the key ${shown(key)} stands twice`);
      this.checkEntries(entries.size);
      if (!this.take(':')) this.fail(`a colon is missing at character ${this.at}`);
      entries.set(key, this.value(depth + 1));
    } while (this.take(','));
    if (!this.take('}')) this.fail(`an object is not closed at character ${this.at}`);
    return entries;
  }

  private list(depth: number): StrictJson[] {
    this.enter(depth);
    const items: StrictJson[] = [];
    if (this.take(']')) return items;
    do {
      this.checkEntries(items.length);
      items.push(this.value(depth + 1));
    } while (this.take(','));
    if (!this.take(']')) this.fail(`a list is not closed at character ${this.at}`);
    return items;
  }

  /** An object or list begins. */
  private enter(depth: number): void {
    const { maxDepth, maxContainers } = this.rules;
    if (depth > maxDepth) this.fail(`objects and lists are nested more than ${maxDepth} deep`);
    if (++this.containers > maxContainers) this.fail(`there are more than ${maxContainers} objects and lists`);
  }

  private checkEntries(count: number): void {
    const { maxEntries } = this.rules;
    if (count >= maxEntries) this.fail(`an object or list has more than ${maxEntries} entries`);
  }

  private string(): string {
    const start = this.at++;
    let escaped = false;
    for (let c = this.text.charCodeAt(this.at); c !== 0x22; c = this.text.charCodeAt(++this.at)) {
      // NaN past the end.
      if (!(c >= 0x20)) this.fail(`a text has a control character or no end, at character ${this.at}`);
      if (c !== 0x5c) continue;
      escaped = true;
      this.at++;
    }
    this.at++;
    const value = escaped ? this.unescape(this.text.slice(start, this.at)) : this.text.slice(start + 1, this.at - 1);
    if (!value.isWellFormed()) this.fail(`a text has half a surrogate pair, at character ${start}`);
    return value;
  }

  private unescape(literal: string): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.fail(`a text has an escape that JSON does not know, at character ${this.at}`);
    }
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const literal = NUMBER.exec(this.text)?.[0] ?? '-';
    const value = Number(literal);
    const plain = WHOLE.test(literal) && value <= Number.MAX_SAFE_INTEGER;
    if (this.rules.numbers !== 'any' && !plain)
      this.fail(`the number ${literal.slice(0, 40)} is not a plain whole number from 0 to 2^53 - 1`);
    if (!JSON_NUMBER.test(literal)) this.fail(`the number ${literal.slice(0, 40)} is malformed`);
    this.at += literal.length;
    return value;
  }
}
