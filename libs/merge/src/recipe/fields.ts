import { nearest, shownValue } from '@agent-forge/contracts';
import { errorAt, PlaceError, type Located, type LocatedScalar, type Mistake, type Place } from './located-yaml.js';

/** Reads values of a recipe; whatever does not fit is refused with its place. */
export class Field {
  constructor(
    readonly path: string,
    /** What it is, for messages: `models[0].model`. */
    readonly name: string,
    readonly node: Located,
    /** Takes mistakes that reading can go on behind; without it the first one is thrown. */
    readonly mistakes?: Mistake[],
  ) {}

  get at(): Place {
    return this.node.at;
  }

  fail(problem: string, at: Place = this.at): never {
    throw errorAt(this.path, at, problem);
  }

  /** Like {@link fail}, but reading goes on where mistakes are collected. */
  complain(problem: string, at: Place = this.at): void {
    if (this.mistakes === undefined) this.fail(problem, at);
    this.mistakes.push({ at, problem });
  }

  /** Reads a part. Where mistakes are collected, one in it is kept and gives undefined: what is read then is thrown away as a whole. */
  attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (this.mistakes === undefined || !(error instanceof PlaceError)) throw error;
      this.mistakes.push(error);
      return undefined as T;
    }
  }

  isNull(): boolean {
    return this.node.kind === 'scalar' && this.node.value === null;
  }

  /** A map with no other keys than these. */
  fields<K extends string>(allowed: readonly K[]): Partial<Record<K, Field>> {
    if (this.node.kind !== 'map') return this.fail(`${this.name} is ${describe(this.node)}; it must be a map`);
    const result: Partial<Record<K, Field>> = {};
    for (const [key, { at, value }] of this.node.entries) {
      if (!(allowed as readonly string[]).includes(key)) {
        this.complain(unknownKey(key, allowed, this.name), at);
        continue;
      }
      const field = new Field(this.path, this.under(key), value, this.mistakes);
      if (!field.isNull()) result[key as K] = field;
    }
    return result;
  }

  /** Every entry of a map with any keys. */
  entries(): Map<string, Field> {
    if (this.node.kind !== 'map') return this.fail(`${this.name} is ${describe(this.node)}; it must be a map`);
    return new Map(
      [...this.node.entries].map(([key, { value }]) => [
        key,
        new Field(this.path, this.under(key), value, this.mistakes),
      ]),
    );
  }

  /** A list; an empty one is refused. */
  items(): Field[] {
    if (this.node.kind !== 'list') return this.fail(`${this.name} is ${describe(this.node)}; it must be a list`);
    if (this.node.items.length === 0) this.fail(`${this.name} is an empty list`);
    return this.node.items.map((item, i) => new Field(this.path, `${this.name}[${i}]`, item, this.mistakes));
  }

  text(): string {
    const value = this.scalar();
    if (typeof value !== 'string' || value === '')
      return this.fail(`${this.name} is ${describe(this.node)}; it must be a text`);
    return value;
  }

  integer(min: number): number {
    const value = this.scalar();
    if (!Number.isSafeInteger(value) || (value as number) < min)
      return this.fail(`${this.name} is ${describe(this.node)}; it must be a whole number of at least ${min}`);
    return value as number;
  }

  flag(): boolean {
    const value = this.scalar();
    return typeof value === 'boolean'
      ? value
      : this.fail(`${this.name} is ${describe(this.node)}; it must be true or false`);
  }

  choice<T extends string>(allowed: readonly T[]): T {
    const value = this.scalar();
    if (!allowed.includes(value as T))
      return this.fail(`${this.name} is ${describe(this.node)}; it must be ${allowed.join(' or ')}`);
    return value as T;
  }

  scalar(): LocatedScalar['value'] {
    return this.node.kind === 'scalar' ? this.node.value : this.fail(`${this.name} is ${describe(this.node)}`);
  }

  private under(key: string): string {
    return this.name === 'the recipe' ? key : `${this.name}.${key}`;
  }
}

function unknownKey(key: string, allowed: readonly string[], place: string): string {
  const meant = nearest(key, allowed);
  const hint = meant === undefined ? `allowed are ${allowed.join(', ')}` : `did you mean ${meant}?`;
  return `unknown key ${JSON.stringify(key.slice(0, 80))} in ${place}; ${hint}`;
}

/** Names a value in a message without repeating all of it. */
function describe(node: Located): string {
  return node.kind === 'scalar' ? shownValue(node.value) : `a ${node.kind}`;
}
