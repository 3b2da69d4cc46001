import { join } from 'node:path';
import type { ManifestFile } from '@agent-forge/contracts';
import {
  bakedMark,
  expectedShapes,
  isTernary,
  readModelFolder,
  withBakedMark,
  type BakedMark,
  type Model,
} from '@agent-forge/model';
import { floatAncestor } from '../shared/float-ancestor.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel } from '../shared/input-model.js';
import { candidateOf, isTernaryCodec, type Candidate } from './candidate.js';
import type { CompressionParams } from './params.js';

/** Weights that have one scale in tq1 and tq2. */
const TERNARY_BLOCK = 256;

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
  return { input, teacher: await teacherOf(context, input), inputBytes: weightBytes(files) };
}

/** Bytes of the weight files of a model folder. */
export function weightBytes(files: readonly ManifestFile[]): number {
  const weights = files.filter(({ name }) => name.endsWith('.safetensors'));
  return weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function teacherOf(context: PhaseContext<CompressionParams>, input: Source): Promise<Source> {
  const { artifacts, workDir, note } = context;
  if (input.model.config.ternary === undefined) return input;
  const id = await floatAncestor(artifacts, input.id);
  if (id !== undefined) {
    const dir = join(workDir, 'teacher');
    await artifacts.materialise(id, dir);
    const model = answeringAs(await readModelFolder(dir), bakedMark(input.model.config));
    if (model.config.vocabSize === input.model.config.vocabSize) return { id, dir, model };
  }
  await note({
    code: 'NO_FLOAT_TEACHER',
    message:
      'no floating-point model with the same vocabulary that this ternary one was made from is in the store; it is compared with itself, and candidates of floating-point weights are left out',
  });
  return input;
}

/** The model, asked for the answers of one into which prompts were baked since: without them it lost a skill, and is not to count as right. */
export function answeringAs(model: Model, baked: BakedMark | undefined): Model {
  return baked === undefined ? model : { ...model, config: withBakedMark(model.config, baked) };
}

/** The candidates that can be made of what there is; a note for each reason why others cannot. */
export async function plan(
  { params, note }: Pick<PhaseContext<CompressionParams>, 'params' | 'note'>,
  { input, teacher }: Sources,
): Promise<Planned[]> {
  const planned: Planned[] = [];
  const skipped = new Map<string, string[]>();
  for (const candidate of params.candidates.map(candidateOf)) {
    const source = isTernaryCodec(candidate.matrices) ? input : teacher;
    const why = misfit(candidate, source.model);
    if (why === undefined) planned.push({ ...candidate, source });
    else skipped.set(why, [...(skipped.get(why) ?? []), candidate.name]);
  }
  for (const [why, names] of skipped)
    await note({ code: 'CANDIDATE_SKIPPED', message: `left out: ${names.join(', ')}; ${why}` });
  return planned;
}

/** Why a candidate cannot be made of a model; undefined when it can. */
function misfit({ matrices }: Candidate, { config }: Model): string | undefined {
  const { ternary } = config;
  if (!isTernaryCodec(matrices))
    return ternary && 'there is no floating-point model to do it to, and ternary weights would become larger and worse';
  if (ternary === undefined) return 'they hold ternary weights, and the model has others';
  if (matrices === 'rans' || ternary.scaleAxis === 'tensor') return undefined;
  const odd = [...expectedShapes(config)].find(
    ([name, shape]) => isTernary(name) && shape.at(-1)! % TERNARY_BLOCK !== 0,
  );
  return (
    odd &&
    `each row of ${odd[0]} has a scale of its own, and ${odd[1].at(-1)} weights are no whole blocks of ${TERNARY_BLOCK}`
  );
}
