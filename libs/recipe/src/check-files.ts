import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { assertFormat, MAX_DATA_FILE_BYTES, PARTS, readDataSet, type Part } from '@agent-forge/data';
import { openMergeSource, PlaceError, planMerge, type Mistake, type OpenModel, type Place } from '@agent-forge/merge';
import { openModelFolder, parameterCount } from '@agent-forge/model';
import type { Situation } from '@agent-forge/phases';
import { localFolder } from './merge-section.js';
import type { Recipe, Source } from './recipe.js';
import { standIns } from './stand-in.js';

/** Files up to this size are read to their end, which takes seconds. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

/** What the files are that a recipe names, and what is wrong with them. */
export interface CheckedFiles {
  readonly mistakes: readonly Mistake[];
  /** Of the local ones; what the system has already is not looked at. */
  readonly dataBytes: number;
  readonly models: Situation['models'];
}

/** Looks at everything on this machine that a recipe names: whether it is there and can be read, and whether the models of a merge fit together. */
export async function checkFiles(recipe: Recipe): Promise<CheckedFiles> {
  const mistakes: Mistake[] = [];
  const data: CheckedData[] = [];
  for (const source of recipe.data) data.push((await attempt(source, mistakes, checkData)) ?? UNSEEN);
  checkParts(recipe, data, mistakes);
  const parameters: number[] = [];
  for (const source of recipe.models) {
    const count = await attempt(source, mistakes, modelParameters);
    if (count !== undefined) parameters.push(count);
  }
  if (mistakes.length === 0) await checkMerge(recipe, mistakes);
  const dataBytes = data.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { mistakes, dataBytes, models: { count: recipe.models.length, parameters: Math.max(0, ...parameters) } };
}

async function attempt<T>(
  { path, at }: Source,
  mistakes: Mistake[],
  look: (path: string) => Promise<T>,
): Promise<T | undefined> {
  if (path === undefined) return undefined;
  try {
    return await look(path);
  } catch (thrown) {
    mistakes.push({ at, problem: ForgeError.from(thrown).message });
    return undefined;
  }
}

/** What was seen of a data set. */
interface CheckedData {
  readonly sizeBytes: number;
  /** The parts that its text falls into; null where it was not read. */
  readonly parts: ReadonlySet<Part> | null;
}

const UNSEEN: CheckedData = { sizeBytes: 0, parts: null };

async function checkData(path: string): Promise<CheckedData> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!found.isFile()) throw new ForgeError('DATA_INVALID', `${path} is no file; name a text or a .jsonl file`);
  assertFormat(path);
  if (found.size > MAX_DATA_FILE_BYTES)
    throw new ForgeError('PAYLOAD_TOO_LARGE', `${path} is over ${MAX_DATA_FILE_BYTES} bytes; split the file`);
  if (found.size > MAX_READ_BYTES) return { sizeBytes: found.size, parts: null };
  const { blocks } = await readDataSet(path);
  return { sizeBytes: found.size, parts: new Set(blocks.map(({ part }) => part)) };
}

/** Models are trained, chosen and measured on different parts of the text; one without anything in it would end the run. */
function checkParts(recipe: Recipe, data: readonly CheckedData[], mistakes: Mistake[]): void {
  if (data.length === 0 || mistakes.length > 0) return;
  for (const part of PARTS) {
    if (data.some(({ parts }) => parts === null || parts.has(part))) continue;
    const problem = `the ${part} part of the text is empty; with 200 kB of text every part almost always has some`;
    mistakes.push({ at: recipe.data[0]!.at, problem });
  }
}

async function modelParameters(path: string): Promise<number> {
  return parameterCount((await openModelFolder(path)).config);
}

/** Plans the merge of a recipe, on what it imports or on stand-ins for what cognate will make. */
async function checkMerge(recipe: Recipe, mistakes: Mistake[]): Promise<void> {
  const { merge } = recipe;
  const open = openerOf(recipe);
  if (merge === null || open === undefined) return;
  try {
    await planMerge(merge, open);
  } catch (error) {
    mistakes.push(mistakeOf(ForgeError.from(error), merge.methodAt));
  }
}

/** Values are read while a merge is planned; their errors begin with the place. */
function mistakeOf(error: ForgeError, otherwise: Place): Mistake {
  if (error instanceof PlaceError) return error;
  const [, line, column, problem] = /^.*?:(\d+):(\d+): (.*)$/s.exec(error.message) ?? [];
  if (problem === undefined) return { at: otherwise, problem: error.message };
  return { at: { line: Number(line), column: Number(column) }, problem };
}

/** How the models of a merge are opened; undefined where they are not known yet. */
function openerOf(recipe: Recipe): OpenModel | undefined {
  const { path, phases, models } = recipe;
  const isTrained = phases[0]?.phase === 'cognate' && models.length === 0;
  if (isTrained) return phases[1]?.phase === 'evomerge' ? standIns(recipe) : undefined;
  if (phases.length !== 1 || models.some((model) => model.path === undefined)) return undefined;
  const byName = new Map(models.map((model) => [model.name, model.path!]));
  return ({ text }) => openMergeSource(byName.get(text) ?? localFolder(text, dirname(resolve(path))));
}
