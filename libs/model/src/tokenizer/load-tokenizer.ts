import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { identify } from '../safetensors/file-access.js';
import { LibraryTokenizer, using } from './library-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { checkTokenizerJson } from './tokenizer-rules.js';

/** A tokenizer.json of a 256k vocabulary has about 35 MB. */
const MAX_TOKENIZER_BYTES = 128 * 2 ** 20;

/** Published chat templates have a few kB. */
const MAX_TEMPLATE_BYTES = 2 ** 20;

/**
 * Reads `tokenizer.json` of a folder, with `tokenizer_config.json` and `chat_template.jinja` where they are; a template
 * in a file of its own goes into the configuration, where older tools look for it.
 * @returns null when the folder has no tokenizer.json
 * @throws ForgeError `TOKENIZER_INVALID` when it cannot be read
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer | null> {
  const tokenizer = await readJson(join(dir, 'tokenizer.json'));
  if (tokenizer === null) return null;
  const config = (await readJson(join(dir, 'tokenizer_config.json'))) ?? {};
  const template = await readText(join(dir, 'chat_template.jinja'), MAX_TEMPLATE_BYTES);
  return tokenizerFromJson(tokenizer, template === null ? config : { ...config, chat_template: template });
}

/** @throws ForgeError `TOKENIZER_INVALID` when it is malformed or of a kind that the library cannot use */
export function tokenizerFromJson(tokenizer: object, config: object): Tokenizer {
  const checked = checkTokenizerJson(tokenizer);
  return using(() => new LibraryTokenizer(checked, config as Record<string, unknown>));
}

async function readJson(path: string): Promise<object | null> {
  const text = await readText(path, MAX_TOKENIZER_BYTES);
  if (text === null) return null;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  } catch {
    // Falls through to the one error for anything that is not a JSON object.
  }
  throw new ForgeError('TOKENIZER_INVALID', `${path} is not a JSON object`);
}

/** @returns null when there is no such file */
async function readText(path: string, maxBytes: number): Promise<string | null> {
  try {
    const { sizeBytes } = await identify(path);
    if (sizeBytes > maxBytes)
      throw new ForgeError('TOKENIZER_INVALID', `${path} has ${sizeBytes} bytes; at most ${maxBytes} are read`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code === 'ENOENT') return null;
    if (error instanceof ForgeError && error.code === 'TOKENIZER_INVALID') throw error;
    throw new ForgeError('TOKENIZER_INVALID', `${path} cannot be read`, error);
  }
}
