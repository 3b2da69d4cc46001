import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type RunView } from '@agent-forge/contracts';
import { phases } from '@agent-forge/phases';
import type { Recipe } from '@agent-forge/recipe';
import { cancelRun, downloadArtifact } from '@agent-forge/sdk';
import { showFirstKey } from '../system/first-key.js';
import { startSystem, unlessAborted, type System } from '../system/system.js';
import type { ProgressBoard } from '../terminal/progress-board.js';
import { follow } from '../runs/follow.js';
import { submit } from '../runs/submit.js';
import { closingOf } from './closing.js';
import { cancelLeftovers } from './leftovers.js';
import { demoRecipe, type DemoRecipeOptions } from './recipe.js';
import { summarise, type DemoSummary } from './summary.js';

/** Saying that a run is not wanted any more must not keep anybody who pressed Ctrl-C. */
const CANCEL_TIMEOUT_MS = 3_000;

/** What the demo is told. */
export interface DemoOptions extends DemoRecipeOptions {
  dataDir: string;
  port: number;
}

/**
 * The main job once, as a recipe says, on a system that is started for it and stopped after it.
 * @throws ForgeError whatever went wrong, CANCELLED after `signal`
 */
export async function runDemo(options: DemoOptions, board: ProgressBoard, signal: AbortSignal): Promise<DemoSummary> {
  if (options.text !== undefined) await checkFile(options.text);
  const recipe = await demoRecipe(options);
  const names = phases.map(({ name }) => name).join(', ');
  board.note(`starting nats-server, auth, gateway, ${names}; data in ${options.dataDir}`);
  const system = await startSystem({ dataDir: options.dataDir, port: options.port, authPort: 0, signal });
  const ends = AbortSignal.any([signal, system.failed]);
  let run: string | undefined;
  try {
    await unlessAborted(ends, showFirstKey(system));
    const id = await unlessAborted(ends, requestRun(system, recipe, board, ends));
    run = id;
    const ended = await unlessAborted(ends, follow(system.connection, id, board, ends));
    return await unlessAborted(ends, finish(system, ended, join(system.dataDir, 'models', id), board, ends));
  } catch (error) {
    if (run !== undefined && signal.aborted && !system.failed.aborted) await cancelQuickly(system, run);
    throw error;
  } finally {
    board.note('stopping');
    await system.stop();
  }
}

/** @returns the id of the run */
async function requestRun(
  { connection }: System,
  recipe: Recipe,
  board: ProgressBoard,
  signal: AbortSignal,
): Promise<string> {
  const leftovers = await cancelLeftovers(connection);
  if (leftovers > 0) board.note(`cancelled ${leftovers} unfinished run(s) of earlier demos`);
  const { id } = await submit(connection, recipe, board, signal);
  board.note(`run ${id} at ${connection.url}/v1/runs/${id}`);
  return id;
}

/** Lays the model that came out of the last phase out as a folder, and measures it beside the first ones. */
async function finish(
  { connection }: System,
  run: RunView,
  folder: string,
  board: ProgressBoard,
  signal: AbortSignal,
): Promise<DemoSummary> {
  if (run.status !== 'completed') {
    const { code, message } = run.error ?? { code: 'CANCELLED', message: `the run was ${run.status}` };
    throw new ForgeError('RUN_FAILED', `the run did not complete: ${message} (${code})`);
  }
  const model = run.artifacts.find(({ kind }) => kind === 'model');
  if (model === undefined) throw new ForgeError('INTERNAL', `run ${run.id} has made no model`);
  await downloadArtifact(connection, model.id, folder);
  const summary = await summarise(connection, run, model.id, folder);
  board.note('measuring it beside its first parents');
  const closing = await closingOf(connection, run, { id: model.id, folder }, summary.phases, signal);
  return closing ? { ...summary, closing } : summary;
}

async function cancelQuickly({ connection }: System, id: string): Promise<void> {
  const late = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  // Where it cannot be said now, the next demo says it.
  await unlessAborted(late, cancelRun(connection, id, 'interrupted')).catch(() => undefined);
}

/** Before anything is started. @throws ForgeError FILE_NOT_FOUND or DATA_INVALID */
async function checkFile(path: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!info.isFile()) throw new ForgeError('DATA_INVALID', `${path} is no file; give a text file`);
}
