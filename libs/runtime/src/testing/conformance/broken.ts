import type { Rng } from '@agent-forge/contracts';
import { resolved, type ApiDescription, type Schema } from './document.js';

/** One mistake in a value, by what kind it is. */
export interface Mistake {
  readonly kind: string;
  readonly value: unknown;
}

type Fields = Record<string, unknown>;

const OTHERS: readonly unknown[] = ['text', 3, 2.5, true, null, [], {}, [{}], { a: 1 }];
/** The last ones every object has from birth, which a careless check takes for known. */
const UNKNOWN_FIELDS = ['unheardOf', 'constructor', 'toString'];

/**
 * Values that each have one mistake, somewhere in them. Some may be allowed all the same; a validator must say which.
 * @param value that the schema allows
 */
export function* mistakesIn(value: unknown, given: Schema, api: ApiDescription, rng: Rng): Generator<Mistake> {
  const schema = resolved(given, api);
  yield { kind: 'type', value: OTHERS[rng.int(OTHERS.length)] };
  if (schema.enum) yield { kind: 'enum', value: 'none of these' };
  if (typeof value === 'number') yield* ofNumber(schema);
  if (typeof value === 'string') yield* ofText(schema, value);
  if (Array.isArray(value)) yield* ofList(value, schema, api, rng);
  else if (typeof value === 'object' && value !== null) yield* ofObject(value as Fields, schema, api, rng);
}

function* ofNumber({ type, minimum, exclusiveMinimum, maximum }: Schema): Generator<Mistake> {
  if (minimum !== undefined) yield { kind: 'range', value: minimum - 1 };
  if (exclusiveMinimum !== undefined) yield { kind: 'range', value: exclusiveMinimum };
  if (maximum !== undefined) yield { kind: 'range', value: maximum + 1 };
  if (type === 'integer') yield { kind: 'fraction', value: 1.5 };
}

function* ofText({ pattern, minLength, maxLength, format }: Schema, text: string): Generator<Mistake> {
  if (pattern !== undefined)
    yield* ['', '\n', `${text}\u0000`, `${text} é`].map((value) => ({ kind: 'pattern', value }));
  if (minLength) yield { kind: 'length', value: '' };
  if (maxLength !== undefined) yield { kind: 'length', value: 'x'.repeat(maxLength + 1) };
  if (format !== undefined) yield { kind: 'format', value: 'yesterday' };
}

function* ofList(list: unknown[], schema: Schema, api: ApiDescription, rng: Rng): Generator<Mistake> {
  const { items = {}, minItems, maxItems, uniqueItems } = schema;
  if (minItems) yield { kind: 'items', value: [] };
  if (list.length === 0) return;
  if (maxItems !== undefined) yield { kind: 'items', value: Array.from({ length: maxItems + 1 }, () => list[0]) };
  if (uniqueItems) yield { kind: 'items', value: [...list, list[0]] };
  const at = rng.int(list.length);
  for (const { kind, value } of mistakesIn(list[at], items, api, rng)) yield { kind, value: list.with(at, value) };
}

function* ofObject(object: Fields, schema: Schema, api: ApiDescription, rng: Rng): Generator<Mistake> {
  const { properties = {}, required = [] } = schema;
  for (const name of required) {
    const { [name]: _, ...rest } = object;
    yield { kind: 'missing', value: rest };
  }
  yield { kind: 'unknown field', value: { ...object, [rng.pick(UNKNOWN_FIELDS)]: 1 } };
  for (const [name, each] of Object.entries(properties)) {
    if (!(name in object)) continue;
    for (const { kind, value } of mistakesIn(object[name], each, api, rng))
      yield { kind, value: { ...object, [name]: value } };
  }
}
