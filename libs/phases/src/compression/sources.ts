import { join } from 'node:path';
import { readModelFolder, type Model } from '@agent-forge/model';
import { floatAncestor } from '../shared/float-ancestor.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel } from '../shared/input-model.js';
import { candidateOf, isTernaryCodec, type Candidate } from './candidate.js';
import type { CompressionParams } from './params.js';

/** A model that candidates are made of. */
export interface Source {
  readonly id: string;
  /** Where its folder lies. */
  readonly dir: string;
  readonly model: Model;
}

/** What the phase has to work on. */
export interface Sources {
  /** What came in: what candidates must keep up with. */
  readonly input: Source;
  /** The last floating-point model, whose distributions candidates are compared with; the input itself where there is no other. */
  readonly teacher: Source;
  /** Sum of the input's weight files. */
  readonly inputBytes: number;
}

/** A candidate with the model that it is of. */
export interface Planned extends Candidate {
  readonly source: Source;
}

/** Reads the input, and the last floating-point model that it was made from. Says so where there is none. */
export async function readSources(context: PhaseContext<CompressionParams>): Promise<Sources> {
  const { artifact, dir, model } = await readInputModel('compression', context);
  const input = { id: artifact.id, dir, model };
  const { files } = await context.artifacts.manifest(artifact.id);
  const weights = files.filter(({ name }) => name.endsWith('.safetensors'));
  const inputBytes = weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { input, teacher: await teacherOf(context, input), inputBytes };
}

async function teacherOf(context: PhaseContext<CompressionParams>, input: Source): Promise<Source> {
  const { artifacts, workDir, note } = context;
  if (input.model.config.ternary === undefined) return input;
  const id = await floatAncestor(artifacts, input.id);
  if (id !== undefined) {
    const dir = join(workDir, 'teacher');
    await artifacts.materialise(id, dir);
    const model = await readModelFolder(dir);
    if (model.config.vocabSize === input.model.config.vocabSize) return { id, dir, model };
  }
  await note({
    code: 'NO_FLOAT_TEACHER',
    message:
      'no floating-point model with the same vocabulary that this ternary one was made from is in the store; it is compared with itself, and candidates of floating-point weights are left out',
  });
  return input;
}

/** The candidates that can be made of what there is; a note for each that cannot. */
export async function plan(
  { params, note }: Pick<PhaseContext<CompressionParams>, 'params' | 'note'>,
  { input, teacher }: Sources,
): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const candidate of params.candidates.map(candidateOf)) {
    const wantsTernary = isTernaryCodec(candidate.matrices);
    const source = wantsTernary ? input : teacher;
    if ((source.model.config.ternary !== undefined) === wantsTernary) planned.push({ ...candidate, source });
    else
      await note({
        code: 'CANDIDATE_SKIPPED',
        message: wantsTernary
          ? `${candidate.name} was left out: ${candidate.matrices} holds ternary weights, and the model has others`
          : `${candidate.name} was left out: there is no floating-point model to do it to, and weights that are ternary already would only become larger and worse`,
      });
  }
  return planned;
}
