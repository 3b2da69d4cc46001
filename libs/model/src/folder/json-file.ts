import { open } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import { fileError, identify, readAt, withFile } from '../safetensors/file-access.js';

/** Published config.json files have a few kB; the cap of huggingface.js. */
const MAX_JSON_BYTES = 10_000_000;

/**
 * Reads a small JSON object.
 * @returns null when there is no such file
 * @throws ForgeError `NOT_A_MODEL` when it is too large or not a JSON object
 */
export async function readJsonObject(path: string): Promise<Record<string, unknown> | null> {
  let bytes: Uint8Array;
  try {
    const { sizeBytes } = await identify(path);
    if (sizeBytes > MAX_JSON_BYTES)
      throw new ForgeError('NOT_A_MODEL', `${path} has ${sizeBytes} bytes; at most ${MAX_JSON_BYTES} are read`);
    bytes = new Uint8Array(sizeBytes);
    bytes = bytes.subarray(0, await withFile(path, (file) => readAt(file, bytes, 0)));
  } catch (error) {
    const failure = fileError(path, error);
    if (failure.code === 'FILE_NOT_FOUND') return null;
    throw failure;
  }
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Falls through to the one error for anything that is not a JSON object.
  }
  throw new ForgeError('NOT_A_MODEL', `${path} is not a JSON object`);
}

/** Keys that transformers wants as Python floats, and warns about otherwise. */
const FLOAT_KEYS =
  /"(rope_theta|(?:low_freq_|high_freq_)?factor|rms_norm_eps|initializer_range|[a-z]+_dropout)": (\d+)(?=,?\n)/g;

/** Writes a new JSON file, as Hugging Face tools lay it out, and syncs it to disk. */
export async function writeJson(path: string, json: unknown): Promise<void> {
  await writeText(path, `${JSON.stringify(json, null, 2)}\n`);
}

/** Writes a new `config.json`: as {@link writeJson}, with whole numbers spelled `1.0` where floats are expected. */
export async function writeConfigJson(path: string, json: unknown): Promise<void> {
  await writeText(path, `${JSON.stringify(json, null, 2)}\n`.replace(FLOAT_KEYS, '"$1": $2.0'));
}

/** Writes a new text file and syncs it to disk. */
export async function writeText(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
