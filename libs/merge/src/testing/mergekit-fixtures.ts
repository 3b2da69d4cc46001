import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '@agent-forge/model';

const ROOT = fileURLToPath(new URL('../../fixtures/mergekit/', import.meta.url));

/** Recipes with what mergekit 0.1.5 made of them: names of folders in `fixtures/mergekit/cases`. */
export const CASES: readonly string[] = readdirSync(`${ROOT}cases`).sort();

export const recipeOf = (name: string): string => `${ROOT}cases/${name}/recipe.yaml`;
export const configOf = (name: string): string => `${ROOT}cases/${name}/expected-config.json`;
export const expectedOf = (name: string): string => `${ROOT}cases/${name}/expected.safetensors`;
export const modelPath = (name: string): string => `${ROOT}models/${name}`;

/** All tensors of a safetensors file or model folder, as float32. */
export async function readAll(path: string): Promise<Map<string, Float32Array>> {
  const source = await openSafetensors(path);
  const tensors = new Map<string, Float32Array>();
  for (const name of source.tensors.keys()) tensors.set(name, (await source.read(name)).data);
  return tensors;
}

/** Largest absolute difference of any two values. */
export function maxDifference(a: Float32Array, b: Float32Array): number {
  let max = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= max)) max = difference;
  }
  return max;
}
