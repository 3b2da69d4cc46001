import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from './tokenizer.js';

/** A tokenizer.json of a 256k vocabulary has about 35 MB. */
const MAX_TOKENIZER_BYTES = 128 * 2 ** 20;
/** U+FEFF as byte-fallback tokens. The library's decoder drops it where it starts a run of bytes, ... */
const BOM_BYTES = ['<0xEF>', '<0xBB>', '<0xBF>'] as const;
/** ... so it travels as U+F8FF (private use), which has as many bytes and is put back afterwards. */
const STAND_IN_BYTES = ['<0xEF>', '<0xA3>', '<0xBF>'] as const;
const STAND_IN = /\uf8ff/g;

interface TokenizerJson {
  readonly added_tokens?: readonly { content: string; id: number; special?: boolean }[];
  readonly [key: string]: unknown;
}

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

/** @throws ForgeError `TOKENIZER_INVALID` when the library cannot use it */
export function tokenizerFromJson(tokenizer: object, config: object): Tokenizer {
  try {
    return new LibraryTokenizer(tokenizer as TokenizerJson, config as Record<string, unknown>);
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new ForgeError(
      'TOKENIZER_INVALID',
      `tokenizer.json cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}

async function readJson(path: string): Promise<object | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ForgeError('TOKENIZER_INVALID', `${path} cannot be read`, error);
  }
  if (bytes.length > MAX_TOKENIZER_BYTES)
    throw new ForgeError(
      'TOKENIZER_INVALID',
      `${path} has ${bytes.length} bytes; at most ${MAX_TOKENIZER_BYTES} are read`,
    );
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  } catch {
    // Falls through to the one error for anything that is not a JSON object.
  }
  throw new ForgeError('TOKENIZER_INVALID', `${path} is not a JSON object`);
}

/** The kept-up library behind our interface, with the two faults of version 0.2.0 mended. */
class LibraryTokenizer implements Tokenizer {
  private readonly library: HfTokenizer;
  readonly specialTokens: readonly string[];
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly padId: number | null;
  private readonly special: ReadonlySet<number>;

  constructor(
    private readonly json: TokenizerJson,
    private readonly config: Record<string, unknown>,
  ) {
    this.library = new HfTokenizer(json, config);
    const special = (json.added_tokens ?? []).filter((t) => t.special);
    this.specialTokens = special.map((t) => t.content);
    this.special = new Set(special.map((t) => t.id));
    this.vocabSize = [...this.library.get_vocab(true).values()].reduce((max, id) => Math.max(max, id), -1) + 1;
    const role = (name: string): number | null => {
      const token = this.config[`${name}_token`];
      const text = typeof token === 'string' ? token : (token as { content?: string } | null | undefined)?.content;
      return text === undefined ? null : (this.library.token_to_id(text) ?? null);
    };
    [this.bosId, this.eosId, this.padId] = [role('bos'), role('eos'), role('pad')];
  }

  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    return this.library.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  decode(ids: readonly number[], { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    const kept = skipSpecialTokens ? ids.filter((id) => !this.special.has(id)) : ids;
    // The library throws on an empty list.
    if (kept.length === 0) return '';
    const plain = (list: readonly number[]): string =>
      this.library.decode([...list], { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false });
    const marked = this.replaceBom(kept);
    return marked === kept ? plain(kept) : plain(marked).replace(STAND_IN, '\ufeff');
  }

  /** The same list when no byte-order mark is in it (or when the text has private-use characters of its own). */
  private replaceBom(ids: readonly number[]): readonly number[] {
    const [bom, standIn] = [BOM_BYTES, STAND_IN_BYTES].map((bytes) =>
      bytes.map((token) => this.library.token_to_id(token) ?? -1),
    ) as [number[], number[]];
    const startsAt = (i: number, triple: number[]): boolean => triple.every((id, j) => id >= 0 && ids[i + j] === id);
    const found = ids.flatMap((_, i) => (startsAt(i, bom) ? [i] : []));
    if (found.length === 0 || ids.some((_, i) => startsAt(i, standIn))) return ids;
    const out = [...ids];
    for (const i of found) out.splice(i, 3, ...standIn);
    return out;
  }

  tokenToId(token: string): number | undefined {
    return this.library.token_to_id(token);
  }

  idToToken(id: number): string | undefined {
    return this.library.id_to_token(id);
  }

  files(): { name: string; json: unknown }[] {
    return [
      { name: 'tokenizer.json', json: this.json },
      { name: 'tokenizer_config.json', json: this.config },
    ];
  }
}
