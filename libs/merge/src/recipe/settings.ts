import { parseParameter, type ParameterSpec, type Scalar } from '../parameters.js';
import type { Field } from './fields.js';
import type { Place } from './located-yaml.js';

/** What a parameter is set to: for all tensors, or for those whose name contains a text; one value, or a gradient over layers. */
export interface Setting {
  readonly at: Place;
  /** Tried in order; the first whose filter fits counts. */
  readonly cases: readonly SettingCase[];
}

export interface SettingCase {
  /** Part of a tensor's name; null fits every tensor. */
  readonly filter: string | null;
  /** One value, or several that are spread over the layers. */
  readonly values: readonly Scalar[];
}

/** Parameters as they are set in one place of a recipe. */
export type Settings = ReadonlyMap<string, Setting>;

export const NO_SETTINGS: Settings = new Map();

/** Longest gradient: more values than models have layers. */
const MAX_VALUES = 4_096;

/** Reads a `parameters` map. @param judge looks at every name */
export function readSettings(field: Field | undefined, judge: (name: string, at: Field) => void): Settings {
  if (field === undefined) return NO_SETTINGS;
  const settings = new Map<string, Setting>();
  for (const [name, value] of field.entries()) {
    value.attempt(() => {
      judge(name, value);
      if (!value.isNull()) settings.set(name, { at: value.at, cases: readCases(value) });
    });
  }
  return settings;
}

function readCases(field: Field): SettingCase[] {
  const { node } = field;
  if (node.kind === 'map') return [readCase(field)];
  if (node.kind === 'scalar') return [{ filter: null, values: [scalarOf(field)] }];
  // mergekit takes an empty list for no setting at all.
  if (node.items.length === 0) return [];
  const items = field.items();
  if (items.some((item) => item.node.kind === 'map')) return items.map((item) => readCase(item));
  return [{ filter: null, values: readValues(field) }];
}

function readCase(field: Field): SettingCase {
  const { filter, value } = field.fields(['filter', 'value']);
  if (value === undefined) return field.fail(`${field.name} has no value`);
  const text = filter === undefined ? null : String(filter.scalar());
  return { filter: text === '*' ? null : text, values: readValues(value) };
}

function readValues(field: Field): Scalar[] {
  if (field.node.kind === 'scalar') return [scalarOf(field)];
  const values = field.items().map((item) => scalarOf(item));
  if (values.length > MAX_VALUES)
    field.fail(`${field.name} has ${values.length} values; at most ${MAX_VALUES} are read`);
  return values;
}

function scalarOf(field: Field): Scalar {
  const value = field.scalar();
  return value === null ? field.fail(`${field.name} is empty`) : value;
}

/**
 * The value of a parameter for one tensor.
 * @param t place in the gradient, 0 at the first layer of a slice and 1 at the last
 * @param where for messages
 * @returns undefined when no filter fits, so that the next place is asked
 * @throws ForgeError `INVALID_ARGUMENT` when the value is not allowed
 */
export function resolveSetting<T>(
  { cases }: Setting,
  name: string,
  spec: ParameterSpec<T>,
  tensor: string,
  t: number,
  where: string,
): T | undefined {
  const found = cases.find(({ filter }) => filter === null || tensor.includes(filter));
  if (found === undefined) return undefined;
  const values = found.values.map((value) => parseParameter(name, spec, value, where));
  if (!values.every((value) => typeof value === 'number')) return values[Math.trunc(t * (values.length - 1))];
  return parseParameter(name, spec, interpolate(values, t), where);
}

/** Linear between neighbours. */
function interpolate(values: readonly number[], t: number): number {
  const position = t * (values.length - 1);
  const below = Math.trunc(position);
  const above = Math.min(values.length - 1, below + 1);
  const fraction = position - below;
  return (1 - fraction) * values[below]! + fraction * values[above]!;
}
