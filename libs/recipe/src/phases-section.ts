import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { MAX_RECIPE_PHASES, nearest, shownValue, type GateRequest } from '@agent-forge/contracts';
import { Field, type Located } from '@agent-forge/merge';
import { phases as knownPhases } from '@agent-forge/phases';
import type { PhaseEntry } from './recipe.js';

/** What a phase takes in a recipe besides its own parameters. */
export const PHASE_KEYS: readonly string[] = ['gates', 'allow_fallback'];

/**
 * The phases of a recipe in their order: a map of phases with their parameters, or a list whose items are names or such maps.
 * Parameters are not judged here.
 */
export function readPhases(field: Field): PhaseEntry[] {
  const given: [string, Field][] =
    field.node.kind === 'list'
      ? field.items().flatMap((item) => item.attempt(() => [itemOf(item)]) ?? [])
      : [...field.entries()];
  if (given.length === 0) field.complain(`${field.name} is empty; name at least one of ${known().join(', ')}`);
  if (given.length > MAX_RECIPE_PHASES)
    field.fail(`${field.name} has ${given.length} entries, over ${MAX_RECIPE_PHASES}`);
  const seen = new Set<string>();
  return given.flatMap(([name, entry]) => {
    if (seen.has(name)) entry.complain(`${name} stands in the recipe twice; a phase runs once`);
    seen.add(name);
    return entry.attempt(() => [readPhase(name, entry)]) ?? [];
  });
}

function itemOf(field: Field): [string, Field] {
  if (field.node.kind === 'scalar')
    return [field.text(), new Field(field.path, field.name, { ...field.node, value: null }, field.mistakes)];
  const entries = [...field.entries()];
  if (entries.length !== 1)
    return field.fail(`${field.name} is one phase: its name, or a map of its name to its parameters`);
  return entries[0]!;
}

const known = (): string[] => knownPhases.map(({ name }) => name);

function readPhase(phase: string, field: Field): PhaseEntry {
  if (!known().includes(phase)) {
    const meant = nearest(phase, known());
    field.complain(
      `no phase ${JSON.stringify(phase.slice(0, 80))}; ${meant === undefined ? `there are ${known().join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  if (field.isNull()) return { phase, at: field.at, params: {}, node: null, allowFallback: false, gates: {} };
  const entries = field.entries();
  const [fallback, gates] = [entries.get('allow_fallback'), entries.get('gates')];
  const params = [...entries].filter(([key, value]) => !PHASE_KEYS.includes(key) && !value.isNull());
  return {
    phase,
    at: field.at,
    params: Object.fromEntries(params.map(([key, { node }]) => [key, jsonOf(node)])) as JsonObject,
    node: field.node,
    allowFallback:
      fallback === undefined || fallback.isNull() ? false : (fallback.attempt(() => fallback.flag()) ?? false),
    gates: gates === undefined || gates.isNull() ? {} : (gates.attempt(() => readGates(gates)) ?? {}),
  };
}

function readGates(field: Field): Record<string, GateRequest> {
  return Object.fromEntries([...field.entries()].map(([metric, gate]) => [metric, gate.attempt(() => readGate(gate))]));
}

function readGate(field: Field): GateRequest {
  const { min, max } = field.fields(['min', 'max']);
  if (min === undefined && max === undefined) return field.fail(`${field.name} needs min or max`);
  const [low, high] = [min && readBound(min), max && readBound(max)];
  if (low !== undefined && high !== undefined && low > high)
    field.complain(`${field.name}: min ${low} is above max ${high}`);
  return { ...(low === undefined ? {} : { min: low }), ...(high === undefined ? {} : { max: high }) };
}

function readBound(field: Field): number {
  const bound = field.scalar();
  return typeof bound === 'number' && Number.isFinite(bound)
    ? bound
    : field.fail(`${field.name} is ${shownValue(bound)}; it must be a number`);
}

/** A parsed value as JSON; numbers that JSON cannot say become texts, which no schema takes for numbers. */
export function jsonOf(node: Located): JsonValue {
  if (node.kind === 'list') return node.items.map(jsonOf);
  if (node.kind === 'map') return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, jsonOf(value)]));
  return typeof node.value === 'number' && !Number.isFinite(node.value) ? String(node.value) : node.value;
}
