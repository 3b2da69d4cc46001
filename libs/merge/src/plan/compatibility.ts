import { ForgeError } from '@agent-forge/contracts';
import type { LlamaConfig } from '@agent-forge/model';
import type { Named } from './participants.js';

/** What must be the same in all models, by the keys of config.json, with the tensors that depend on it. */
const STRUCTURE: readonly (readonly [string, (config: LlamaConfig) => unknown, string])[] = [
  ['model_type', (c) => c.architecture, 'all tensors'],
  ['hidden_size', (c) => c.hiddenSize, 'all tensors'],
  ['intermediate_size', (c) => c.intermediateSize, 'mlp'],
  ['num_attention_heads', (c) => c.numHeads, 'self_attn.q_proj and o_proj'],
  ['num_key_value_heads', (c) => c.numKvHeads, 'self_attn.k_proj and v_proj'],
  ['head_dim', (c) => c.headDim, 'self_attn'],
];

/** What may differ, although weights that were trained with one value are then run with another. */
const BEHAVIOUR: readonly (readonly [string, (config: LlamaConfig) => unknown])[] = [
  ['rope_theta', (c) => c.ropeTheta],
  ['rope_scaling', (c) => c.ropeScaling],
  ['rms_norm_eps', (c) => c.rmsNormEps],
];

/** Every way in which the models do not fit together, one line each. */
export function mismatches(models: readonly Named[], wholeModels: boolean): string[] {
  const layers = ['num_hidden_layers', (c: LlamaConfig) => c.numLayers, 'layers'] as const;
  return [...STRUCTURE, ...(wholeModels ? [layers] : [])].flatMap(([key, valueOf, tensors]) => {
    const difference = differenceIn(models, key, valueOf);
    return difference === null ? [] : [`${difference} (${tensors})`];
  });
}

/** Differences that are allowed and worth knowing. */
export function behaviourNotes(models: readonly Named[], donor: Named): string[] {
  return BEHAVIOUR.flatMap(([key, valueOf]) => {
    const difference = differenceIn(models, key, valueOf);
    return difference === null ? [] : [`${difference}; the result has that of ${donor.name}`];
  });
}

/** `key is 1 in a and b, 2 in c`, or null when it is the same everywhere. */
export function differenceIn(
  models: readonly Named[],
  key: string,
  valueOf: (config: LlamaConfig) => unknown,
): string | null {
  const groups = new Map<string, string[]>();
  for (const { name, source } of models) {
    const value = JSON.stringify(valueOf(source.config));
    groups.set(value, [...(groups.get(value) ?? []), name]);
  }
  if (groups.size <= 1) return null;
  return `${key} is ${[...groups].map(([value, names]) => `${value} in ${names.join(' and ')}`).join(', ')}`;
}

/** @throws ForgeError `SHAPE_MISMATCH` with all problems, when there are any */
export function assertFit(problems: readonly string[], recipePath: string): void {
  if (problems.length === 0) return;
  throw new ForgeError('SHAPE_MISMATCH', `${recipePath}: the models do not fit together: ${problems.join('; ')}`);
}
