import { relative } from 'node:path';
import type { RunView } from '@agent-forge/contracts';
import { localInputs, runRequestOf, type LocalInput, type Recipe } from '@agent-forge/recipe';
import { createRun, uploadDatasetFiles, uploadModel, type Connection, type UploadOptions } from '@agent-forge/sdk';
import { size } from '../terminal/columns.js';
import type { ProgressBoard } from '../terminal/progress-board.js';
import { bar } from '../terminal/progress-line.js';

/** Uploads what a recipe names on this machine, one after the other, and asks for its run. @throws ForgeError those of uploads and of the request */
export async function submit(
  connection: Connection,
  recipe: Recipe,
  board: ProgressBoard,
  signal: AbortSignal,
): Promise<RunView> {
  const uploaded = new Map<string, string>();
  for (const input of localInputs(recipe)) uploaded.set(input.path, await upload(connection, input, board, signal));
  return createRun(connection, runRequestOf(recipe, uploaded));
}

/** @returns the id of the artifact */
async function upload(
  connection: Connection,
  { kind, name, path }: LocalInput,
  board: ProgressBoard,
  signal: AbortSignal,
): Promise<string> {
  const label = `${kind} ${name}`;
  const where = relative('', path);
  const options: UploadOptions = {
    signal,
    onProgress: (sent, total) => {
      const figures = sent === total ? `${size(total)} sent` : `${size(sent)} of ${size(total)}`;
      board.update(label, `${label}  ${bar(total === 0 ? 1 : sent / total)}  ${figures}  ${where}`, sent === total);
    },
  };
  const { artifactId } =
    kind === 'data'
      ? await uploadDatasetFiles(connection, [path], options)
      : await uploadModel(connection, path, options);
  return artifactId;
}
