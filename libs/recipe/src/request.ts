import { ForgeError, type RunRequest } from '@agent-forge/contracts';
import type { Recipe, Source } from './recipe.js';

/** Something on this machine that a recipe names, and that is uploaded before the recipe is submitted. */
export interface LocalInput {
  readonly kind: 'data' | 'model';
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** What the client uploads first, each path once. */
export function localInputs({ data, models }: Pick<Recipe, 'data' | 'models'>): LocalInput[] {
  const inputs = new Map<string, LocalInput>();
  const add = (kind: LocalInput['kind'], sources: readonly Source[]) => {
    for (const { name, path } of sources)
      if (path !== undefined && !inputs.has(path)) inputs.set(path, { kind, name, path });
  };
  add('data', data);
  add('model', models);
  return [...inputs.values()];
}

/**
 * What the gateway is asked for: the recipe with artifacts in place of paths.
 * @param uploaded ids of artifacts by absolute path
 * @throws ForgeError INVALID_ARGUMENT when something that the recipe names was not uploaded
 */
export function runRequestOf(recipe: Recipe, uploaded: ReadonlyMap<string, string>): RunRequest {
  const { name, seed, families, data, models, phases, budget } = recipe;
  const named = ({ name: source, path, artifactId }: Source) => {
    const id = artifactId ?? uploaded.get(path!);
    if (id === undefined) throw new ForgeError('INVALID_ARGUMENT', `${path} was not uploaded`);
    return { name: source, artifactId: id };
  };
  return {
    name,
    seed,
    families: { ...families },
    data: data.map(named),
    models: models.map(named),
    phases: phases.map(({ phase, params, allowFallback, gates }) => ({
      phase,
      params,
      allowFallback,
      gates: { ...gates },
    })),
    budget,
  };
}
