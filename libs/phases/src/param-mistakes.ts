import type { TObject, TSchema } from '@sinclair/typebox';
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value';
import { ForgeError, nearest, shownValue } from '@agent-forge/contracts';
import type { Phase } from './phase.js';

/** Something wrong with the parameters of a phase. */
export interface ParamMistake {
  /** Where in the parameters; empty for all of them. */
  readonly path: readonly string[];
  /** What is wrong and what is allowed, to be read behind the parameter's name. */
  readonly problem: string;
}

/** The error about a mistake: `parameter rows of cognate is 0; it must be …`. */
export function paramError(phase: string, { path, problem }: ParamMistake): ForgeError {
  return new ForgeError('INVALID_ARGUMENT', `parameter ${path.join('.') || 'params'} of ${phase} ${problem}`);
}

/** So many names can be read in a line. */
const MAX_NAMES = 40;

/** Everything that is wrong with parameters, in the order of the schema; defaults count where nothing is given. */
export function paramMistakes(phase: Pick<Phase, 'name' | 'params'>, given: unknown): ParamMistake[] {
  const params = Value.Default(phase.params, structuredClone(given ?? {}));
  const found = new Map<string, ParamMistake>();
  for (const error of Value.Errors(phase.params, params)) {
    // One value can break several rules of its schema, and is described by all of them at once.
    if (found.has(error.path)) continue;
    found.set(error.path, { path: pointerOf(error.path), problem: problemOf(error, phase) });
  }
  return [...found.values()];
}

function problemOf(
  { type, path, schema, value }: ValueError,
  { name, params }: Pick<Phase, 'name' | 'params'>,
): string {
  if (type === ValueErrorType.ObjectAdditionalProperties) {
    const known = Object.keys((schema as TObject).properties ?? params.properties);
    const key = pointerOf(path).at(-1) ?? '';
    const meant = nearest(key, known);
    return `is unknown; ${meant === undefined ? `${name} has ${known.slice(0, MAX_NAMES).join(', ')}` : `did you mean ${meant}?`}`;
  }
  if (type === ValueErrorType.ObjectRequiredProperty) return 'is missing';
  if (type === ValueErrorType.ArrayUniqueItems) return `names ${repeated(value as readonly unknown[])} twice`;
  return `is ${shown(value)}; it must be ${describeSchema(schema)}`;
}

/** The first item that stands a second time. */
function repeated(items: readonly unknown[]): string {
  const texts = items.map((item) => JSON.stringify(item));
  return shown(items[texts.findIndex((text, i) => texts.indexOf(text) !== i)]);
}

/** A JSON pointer (RFC 6901) as its parts. */
function pointerOf(path: string): string[] {
  const parts = path.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? `a list of ${value.length}` : 'a map';
  return shownValue(value);
}

/** What a JSON Schema allows, for a person: `a whole number from 1 to 8`. */
export function describeSchema(schema: TSchema): string {
  if (schema['const'] !== undefined) return String(schema['const']);
  const choices = schema['anyOf'] as TSchema[] | undefined;
  if (choices) return choices.map(describeSchema).join(' or ');
  switch (schema['type']) {
    case 'integer':
      return `a whole number${rangeOf(schema)}`;
    case 'number':
      return `a number${rangeOf(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return schema['pattern'] === undefined ? 'a text' : `a text that matches ${String(schema['pattern'])}`;
    case 'array':
      return `a list${countOf(schema['minItems'], schema['maxItems'])}, each ${describeSchema(schema['items'] as TSchema)}`;
    default:
      return `a map${countOf(schema['minProperties'], schema['maxProperties'])}`;
  }
}

function rangeOf({ minimum, maximum, exclusiveMinimum, multipleOf }: TSchema): string {
  const above = exclusiveMinimum !== undefined ? ` above ${String(exclusiveMinimum)}` : '';
  const both = minimum !== undefined && maximum !== undefined ? ` from ${String(minimum)} to ${String(maximum)}` : '';
  const least = minimum !== undefined && maximum === undefined ? ` of at least ${String(minimum)}` : '';
  const most = minimum === undefined && maximum !== undefined ? `${above && ' and'} up to ${String(maximum)}` : '';
  return `${above}${both}${least}${most}${multipleOf === undefined ? '' : `, a multiple of ${String(multipleOf)}`}`;
}

function countOf(min: unknown, max: unknown): string {
  if (min === undefined && max === undefined) return '';
  if (max === undefined) return ` of at least ${String(min)}`;
  return min === undefined ? ` of at most ${String(max)}` : ` of ${String(min)} to ${String(max)}`;
}
