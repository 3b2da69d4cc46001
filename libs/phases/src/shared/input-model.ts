import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import { readModelFolder, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';

/** The one model that a phase works on. */
export interface InputModel {
  readonly artifact: ArtifactName;
  /** Where its folder lies. */
  readonly dir: string;
  readonly model: Model;
}

/**
 * Reads the model that a phase works on: the first of what it was given. A phase names the model that is to go on before its controls and by-products.
 * @throws ForgeError INVALID_ARGUMENT without any
 */
export async function readInputModel(
  phase: string,
  { inputs, artifacts, workDir }: Pick<PhaseContext, 'inputs' | 'artifacts' | 'workDir'>,
): Promise<InputModel> {
  const artifact = inputs.find(({ kind }) => kind === 'model');
  if (artifact === undefined) throw new ForgeError('INVALID_ARGUMENT', `${phase} works on a model, and there is none`);
  const dir = join(workDir, 'input');
  await artifacts.materialise(artifact.id, dir);
  return { artifact, dir, model: await readModelFolder(dir) };
}
