import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { LibraryTokenizer } from './library-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { checkTokenizerJson } from './tokenizer-rules.js';

/** A tokenizer.json of a 256k vocabulary has about 35 MB. */
const MAX_TOKENIZER_BYTES = 128 * 2 ** 20;

/**
 * Reads `tokenizer.json` (and `tokenizer_config.json` if there is one) of a folder.
 * @returns null when the folder has no tokenizer.json
 * @throws ForgeError `TOKENIZER_INVALID` when it cannot be read
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer | null> {
  const tokenizer = await readJson(join(dir, 'tokenizer.json'));
  if (tokenizer === null) return null;
  return tokenizerFromJson(tokenizer, (await readJson(join(dir, 'tokenizer_config.json'))) ?? {});
}

/** @throws ForgeError `TOKENIZER_INVALID` when it is malformed or of a kind that the library cannot use */
export function tokenizerFromJson(tokenizer: object, config: object): Tokenizer {
  const checked = checkTokenizerJson(tokenizer);
  try {
    return new LibraryTokenizer(checked, config as Record<string, unknown>);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ForgeError('TOKENIZER_INVALID', `tokenizer.json cannot be used: ${reason.replaceAll('\n', ' ')}`, error);
  }
}

async function readJson(path: string): Promise<object | null> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_TOKENIZER_BYTES)
      throw new ForgeError('TOKENIZER_INVALID', `${path} has ${size} bytes; at most ${MAX_TOKENIZER_BYTES} are read`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof ForgeError) throw error;
    throw new ForgeError('TOKENIZER_INVALID', `${path} cannot be read`, error);
  }
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  } catch {
    // Falls through to the one error for anything that is not a JSON object.
  }
  throw new ForgeError('TOKENIZER_INVALID', `${path} is not a JSON object`);
}
