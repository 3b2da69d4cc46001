import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import {
  addSubNorms,
  measureSubNormGains,
  TERNARY_TRAINING,
  writeModelFolder,
  type BatchSource,
  type Model,
  type TernaryMark,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import type { BitnetParams } from './params.js';

/** How the weights of this run become ternary. @param isImported whether the model was brought by a user */
export function markOf({ scaleAxis, scaleGrid }: BitnetParams, isImported: boolean): TernaryMark {
  const own = isImported ? 'float32' : 'float16';
  return { ...TERNARY_TRAINING, scaleAxis, scaleGrid: scaleGrid === 'auto' ? own : scaleGrid };
}

/** The parent with the mark and, where its architecture has a place for them, sub-norms, before any training. */
export async function ternaryStart(
  { params, threads, note }: Pick<PhaseContext<BitnetParams>, 'params' | 'threads' | 'note'>,
  model: Model,
  mark: TernaryMark,
  source: BatchSource,
): Promise<Model> {
  const marked = { ...model, config: { ...model.config, ternary: mark } };
  if (params.subNorms === 'none') return marked;
  const { architecture, numHeads, headDim, hiddenSize } = model.config;
  if (architecture !== 'llama' || numHeads * headDim !== hiddenSize) {
    await note({
      code: 'NO_SUB_NORMS',
      message: `a ${architecture} model of this shape has no place for sub-norms; it goes without`,
    });
    return marked;
  }
  const gains = params.subNorms === 'measured' ? await measureSubNormGains(model, source, threads) : new Map();
  const grown = addSubNorms(model, gains);
  return { ...grown, config: { ...grown.config, ternary: mark } };
}

/** Stores it, so that whichever replica is free can train it. */
export async function storeStart(
  context: PhaseContext<BitnetParams>,
  { artifact }: InputModel,
  start: Model,
): Promise<ArtifactName> {
  const dir = join(context.workDir, 'start');
  await writeModelFolder(dir, start, { dtype: 'F32' });
  return context.artifacts.putFolder(dir, 'start', {
    kind: 'model',
    lineage: lineageOf('bitnet', context, [artifact.id], {}),
  });
}
