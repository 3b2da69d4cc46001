import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_FILE, parseAgent, usesExperts } from '@agent-forge/agents';
import { isModelFile, type ArtifactName } from '@agent-forge/contracts';
import {
  assertAudit,
  auditWeights,
  EXPERTS_FOLDER,
  readModelFolder,
  writeModelFolder,
  writePackedFolder,
  type Model,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { Form } from '../shared/form-names.js';
import { misfit } from '../shared/forms.js';
import { lineageOf } from '../shared/lineage.js';
import type { Scored } from './candidates.js';
import { readCompressedFolder } from './compressed-folder.js';
import type { CompressionParams } from './params.js';
import { weightBytes, type Source } from './sources.js';

type Context = PhaseContext<CompressionParams>;

/** A card that came in is about that model; this one gets its own. */
const CARD = 'README.md';

/** The model that goes on, written as a folder and read back from it. */
export interface BuiltFinal {
  readonly dir: string;
  readonly parents: readonly string[];
  readonly model: Model;
  /** Decoded from the compressed file: what the folder must hold. */
  readonly decoded: Model;
}

/** The same, stored. */
export interface Final extends BuiltFinal {
  readonly artifact: ArtifactName;
  /** Of its weight files. */
  readonly sizeBytes: number;
}

/**
 * Writes what was chosen as a Hugging Face folder: packed where it is ternary, so that the folder is small as well, else its decoded values in float32. A ternary model
 * that the packed layout cannot hold keeps the weights behind its codes.
 */
export async function buildFinal(
  { artifacts, workDir, note }: Context,
  { candidate, artifact }: Scored,
  input: Source,
): Promise<BuiltFinal> {
  const { source } = candidate;
  const from = join(workDir, 'chosen');
  await artifacts.materialise(artifact.id, from);
  const decoded = await readCompressedFolder(from, source.model);
  assertAudit(await auditWeights(decoded.config, decoded.weights, decoded.tokenizer), candidate.name);
  const dir = join(workDir, 'final');
  if (decoded.config.ternary === undefined) await writeModelFolder(dir, decoded);
  // This convention stores the scale itself and not its reciprocal, so that nothing is rounded.
  else if (misfit('hf-packed', decoded) === undefined)
    await writePackedFolder(dir, decoded, { linearClass: 'autobitlinear' });
  else await writeModelFolder(dir, unfrozen(decoded, source.model));
  const left = await copyCompanions(input.dir, dir);
  if (left)
    await note({
      code: 'AGENT_LEFT',
      message: `the agent asks experts, which fit the weights before compression alone; both stay beside ${input.id}`,
      metrics: {},
    });
  return { dir, parents: [...new Set([source.id, input.id])], model: await readModelFolder(dir), decoded };
}

/** Stores the final model with its card. @param card files by name */
export async function storeFinal(
  context: Context,
  built: BuiltFinal,
  card: Readonly<Record<string, string>>,
): Promise<Final> {
  for (const [name, text] of Object.entries(card)) await writeFile(join(built.dir, name), text);
  const lineage = lineageOf('compression', context, built.parents, {});
  const artifact = await context.artifacts.putFolder(built.dir, 'final', { kind: 'model', lineage });
  const { files } = await context.artifacts.manifest(artifact.id);
  return { ...built, artifact, sizeBytes: weightBytes(files) };
}

/**
 * What lies beside the model that came in and is no part of it, above all the agent that was found for it, goes on with it. Experts are for the weights that came in,
 * and stay behind, as does an agent that asks them.
 * @returns whether an agent was left behind
 */
async function copyCompanions(from: string, to: string): Promise<boolean> {
  let left = false;
  for (const name of await readdir(from)) {
    if (isModelFile(name) || name === CARD || name === EXPERTS_FOLDER) continue;
    if (name === AGENT_FILE && usesExperts(parseAgent(await readFile(join(from, name), 'utf8'), name))) left = true;
    else await cp(join(from, name), join(to, name), { recursive: true });
  }
  return left;
}

/** The source's own matrices under the decoded tables. */
function unfrozen({ weights }: Model, source: Model): Model {
  const own = [...source.weights].filter(([name]) => name.endsWith('_proj.weight'));
  return { ...source, weights: new Map([...weights, ...own]) };
}

/** The form of each wanted kind whose type is nearest to a codec. */
export function formsFor(exports: CompressionParams['exports'], { matrices }: { readonly matrices: string }): Form[] {
  const gguf: Readonly<Record<string, Form>> = {
    tq1: 'gguf-tq1',
    tq2: 'gguf-tq2',
    rans: 'gguf-tq1',
    int8: 'gguf-q8',
    int4: 'gguf-q4',
  };
  const onnx: Readonly<Record<string, Form>> = { tq1: 'onnx-q2', tq2: 'onnx-q2', rans: 'onnx-q2', int4: 'onnx-q4' };
  const forms = { gguf: gguf[matrices] ?? 'gguf-f16', onnx: onnx[matrices] ?? 'onnx-fp32' };
  return exports.map((kind) => forms[kind]);
}
