import { resolve } from 'node:path';
import { ForgeError, isDigest, MAX_RECIPE_DATA, nearest, shownValue, type BudgetRequest } from '@agent-forge/contracts';
import { createFamily, FAMILIES } from '@agent-forge/data';
import type { Field } from '@agent-forge/merge';
import type { Source } from './recipe.js';

/** Names of data sets, for example `book` or `train.jsonl`. */
const DATA_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** Names of models become roles of artifacts, with `seed-` before them. */
const MODEL_NAME = /^[a-z0-9][a-z0-9-]{0,57}$/;
/** People read it in lists. */
const MAX_NAME_LENGTH = 200;
const MAX_SEED = 0xffffffff;
/** Weights are relative to each other. */
const MAX_WEIGHT = 1000;

const BUDGET_KEYS = { seconds: 'seconds', memory_mib: 'memoryMib', disk_mib: 'diskMib' } as const;

/** A name for people. */
export function readName(field: Field): string {
  const name = String(field.scalar());
  if (name.length > MAX_NAME_LENGTH) field.complain(`${field.name} is over ${MAX_NAME_LENGTH} characters`);
  return name;
}

/** The number that every random number of a run is derived from. */
export function readSeed(field: Field): number {
  const seed = field.integer(0);
  if (seed > MAX_SEED) field.complain(`${field.name} is ${seed}; it must be at most ${MAX_SEED}`);
  return seed;
}

/** Task families with their weights in the mix. */
export function readFamilies(field: Field): Record<string, number> {
  const weights = [...field.entries()].map(([name, weight]) => {
    field.attempt(() => checkFamily(name, weight));
    return [name, weight.attempt(() => readWeight(weight))] as const;
  });
  return Object.fromEntries(weights);
}

function checkFamily(name: string, field: Field): void {
  try {
    createFamily(name);
  } catch (error) {
    const { message } = ForgeError.from(error);
    const meant = nearest(name.split('@')[0]!, FAMILIES.keys());
    field.fail(
      meant === undefined || FAMILIES.has(name.split('@')[0]!)
        ? message
        : `no task family "${name.slice(0, 80)}"; did you mean ${meant}?`,
    );
  }
}

function readWeight(field: Field): number {
  const weight = field.isNull() ? 1 : field.scalar();
  if (typeof weight !== 'number' || !(weight > 0 && weight <= MAX_WEIGHT))
    return field.fail(`${field.name} is ${shownValue(weight)}; a weight is a number above 0 and up to ${MAX_WEIGHT}`);
  return weight;
}

/** What a recipe names by path or artifact. @param folder that relative paths start from */
export function readSources(field: Field, kind: 'data' | 'model', folder: string): Source[] {
  const entries = [...field.entries()];
  if (entries.length > MAX_RECIPE_DATA)
    field.complain(`${field.name} has ${entries.length} entries, over ${MAX_RECIPE_DATA}`);
  return entries.flatMap(([name, value]) => {
    const rule = kind === 'data' ? DATA_NAME : MODEL_NAME;
    if (!rule.test(name))
      value.complain(
        `${JSON.stringify(name.slice(0, 80))} is no name of ${kind === 'data' ? 'data: 1 to 64 letters, digits, "_", "-" or "."' : 'a model: up to 58 small letters, digits or "-"'}`,
      );
    return value.attempt(() => [readSource(name, value, folder)]) ?? [];
  });
}

function readSource(name: string, field: Field, folder: string): Source {
  const { at } = field;
  // What is typed into a shell is relative to where it is typed.
  const local = (text: string) => resolve(at.source === undefined ? folder : '', text);
  if (field.node.kind !== 'map') return { name, at, path: local(field.text()) };
  const { path, artifact } = field.fields(['path', 'artifact']);
  if ((path === undefined) === (artifact === undefined)) return field.fail(`${field.name} has either path or artifact`);
  if (path !== undefined) return { name, at: path.at, path: local(path.text()) };
  const artifactId = artifact!.text();
  if (!isDigest(artifactId)) artifact!.fail(`${artifact!.name} must be the 64 hexadecimal digits that an upload gives`);
  return { name, at, artifactId };
}

/** What a run may use. */
export function readBudget(field: Field): BudgetRequest {
  const given = field.fields(['seconds', 'memory_mib', 'disk_mib']);
  const limits = Object.entries(BUDGET_KEYS).flatMap(([key, name]) => {
    const limit = given[key as keyof typeof BUDGET_KEYS];
    return limit === undefined ? [] : [[name, limit.attempt(() => readLimit(limit))] as const];
  });
  return Object.fromEntries(limits);
}

function readLimit(field: Field): number {
  const limit = field.scalar();
  if (typeof limit !== 'number' || !(limit > 0 && limit < Infinity))
    return field.fail(`${field.name} is ${shownValue(limit)}; it must be a number above 0`);
  return limit;
}
