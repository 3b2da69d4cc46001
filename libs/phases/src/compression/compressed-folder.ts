import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openCompressed, writeCompressed, type Compressed } from '@agent-forge/codecs';
import { configToJson, writeSideFiles, type Model, type Weights } from '@agent-forge/model';

/** The file of a compressed model, in a folder with its configuration and tokenizer. */
export const COMPRESSED_FILE = 'compressed.safetensors';

/** Writes a compressed model with all that is needed to run it. @returns bytes of its file, header and codebooks included */
export async function writeCompressedFolder(dir: string, compressed: Compressed, model: Model): Promise<number> {
  await mkdir(dir);
  const path = join(dir, COMPRESSED_FILE);
  await writeCompressed(path, compressed, model.config);
  await writeSideFiles(dir, model, configToJson(model.config, 'F32'));
  return (await stat(path)).size;
}

/** The model of such a folder, decoded. @param tokenizer of the model that it was made of */
export async function readCompressedFolder(dir: string, { tokenizer }: Pick<Model, 'tokenizer'>): Promise<Model> {
  const file = await openCompressed(join(dir, COMPRESSED_FILE));
  const weights: Weights = new Map();
  for (const name of file.shapes.keys()) weights.set(name, await file.read(name));
  return { config: file.config, tokenizer, weights };
}
