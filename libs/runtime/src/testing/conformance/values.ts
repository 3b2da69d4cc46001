import fc from 'fast-check';
import type { Rng } from '@agent-forge/contracts';
import { resolved, type ApiDescription, type Schema } from './document.js';

/** Texts have these; that control characters are refused stands in patterns. */
const CHARACTERS = [...'abcXYZ0189 _-.:/"\\<>&%é漢😀'];
const MAX_MADE_LENGTH = 40;
const MAX_MADE_ITEMS = 4;
const MAX_INTEGER = Number.MAX_SAFE_INTEGER;

/** A value that a schema allows. */
export function valueOf(schema: Schema, api: ApiDescription, rng: Rng): unknown {
  return one(arbitraryOf(schema, api), rng);
}

/** One value of an arbitrary, by a seeded stream. */
export function one<T>(arbitrary: fc.Arbitrary<T>, rng: Rng): T {
  return fc.sample(arbitrary, { seed: Math.floor(rng.float() * 0x7fffffff), numRuns: 1 })[0]!;
}

function arbitraryOf(given: Schema, api: ApiDescription): fc.Arbitrary<unknown> {
  const schema = resolved(given, api);
  const { allOf, anyOf } = schema;
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (anyOf) return fc.oneof(...anyOf.map((each) => arbitraryOf(each, api)));
  if (allOf?.length === 1) return arbitraryOf(allOf[0]!, api);
  const type = Array.isArray(schema.type) ? (schema.type as string[])[0] : schema.type;
  if (type === 'object') return objectOf(schema, api);
  if (type === 'array') return listOf(schema, api);
  if (type === 'string') return textOf(schema);
  if (type === 'boolean') return fc.boolean();
  const { exclusiveMinimum, minimum: min = exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1 } = schema;
  const max = Math.min(schema.maximum ?? MAX_INTEGER, MAX_INTEGER);
  if (type === 'integer') return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
  if (type === 'number') return fc.double({ min, max: Math.min(max, 1e6), noNaN: true });
  throw new Error(`no values can be made of ${JSON.stringify(schema)}`);
}

function objectOf({ properties = {}, required = [] }: Schema, api: ApiDescription): fc.Arbitrary<object> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, arbitraryOf(each, api)]));
  return fc.record(fields, { requiredKeys: required.filter((name) => name in fields), noNullPrototype: true });
}

function listOf({ items = {}, minItems = 0, maxItems = MAX_MADE_ITEMS, uniqueItems }: Schema, api: ApiDescription) {
  const limits = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, MAX_MADE_ITEMS)) };
  const each = arbitraryOf(items, api);
  return uniqueItems ? fc.uniqueArray(each, limits) : fc.array(each, limits);
}

function textOf({ pattern, format, minLength = 0, maxLength = MAX_MADE_LENGTH }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const years = { min: new Date('2001-01-01'), max: new Date('2099-01-01'), noInvalidDate: true };
  if (format === 'date-time') return fc.date(years).map((date) => date.toISOString());
  const unit = fc.constantFrom(...CHARACTERS);
  return fc.string({ unit, minLength, maxLength: Math.max(minLength, Math.min(maxLength, MAX_MADE_LENGTH)) });
}
