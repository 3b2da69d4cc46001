import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { Session, type SessionOptions } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { readConfig } from '../folder/read-model-folder.js';
import { fileError, identify } from '../safetensors/file-access.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { type OnnxEncoding, onnxFile } from './encoding.js';

/** Protobuf messages end here, and so do ONNX files that hold their weights. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** What lies beside the file in a folder that `writeOnnxFolder` wrote. */
export async function readSides(folder: string): Promise<{ config: LlamaConfig; tokenizer: Tokenizer | null }> {
  return { config: await readConfig(folder), tokenizer: await loadTokenizer(folder) };
}

/**
 * A session on the file of an encoding.
 * @param change what is done to the file's graph before
 * @throws ForgeError `FILE_NOT_FOUND`, `PAYLOAD_TOO_LARGE`, and `GRAPH_INVALID` when it is no such graph
 */
export async function openOnnx(
  folder: string,
  encoding: OnnxEncoding,
  options: Pick<SessionOptions, 'threads'>,
  change = (model: Uint8Array): Uint8Array => model,
): Promise<Session> {
  const path = join(folder, onnxFile(encoding));
  const model = change(await readWhole(path));
  const data = await stat(`${path}_data`).then(
    () => readFile(`${path}_data`),
    () => null,
  );
  const externals = new Map(data ? [[`${basename(path)}_data`, data]] : []);
  return Session.create(model, { ...options, externals });
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const { sizeBytes } = await identify(path);
    if (sizeBytes > MAX_MODEL_BYTES)
      throw new ForgeError(
        'PAYLOAD_TOO_LARGE',
        `${path} has ${sizeBytes} bytes; an ONNX file has at most ${MAX_MODEL_BYTES}`,
      );
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}
