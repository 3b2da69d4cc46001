import { ForgeError } from '@agent-forge/contracts';
import { BYTE_TO_CHAR } from './byte-map.js';
import type { Tokenizer } from './tokenizer.js';
import { byteLevelJson, tokenizerConfigJson } from './tokenizer-json.js';

/** Special tokens of the default tokenizer: roles of a dialogue, thoughts, tools, and room for later phases to name. */
export const BYTE_SPECIAL_TOKENS: readonly string[] = [
  '<bos>',
  '<eos>',
  '<pad>',
  '<sys>',
  '<user>',
  '<ask>',
  '<think>',
  '</think>',
  '<tool>',
  '</tool>',
  ...Array.from({ length: 6 }, (_, i) => `<reserved${i}>`),
];

const BYTES = 256;

/**
 * The default for training from scratch: token b is byte b of the UTF-8 text, and special tokens follow from 256 on.
 * Every text comes back exactly. It is written as a byte-level BPE without merges, which `tokenizers` and transformers read.
 * @throws ForgeError `TOKENIZER_INVALID` when `<bos>`, `<eos>` or `<pad>` is missing or a token stands twice
 */
export function byteTokenizer(special: readonly string[] = BYTE_SPECIAL_TOKENS): Tokenizer {
  const ids = new Map(special.map((token, i) => [token, BYTES + i]));
  for (const role of ['<bos>', '<eos>', '<pad>'])
    if (!ids.has(role)) throw new ForgeError('TOKENIZER_INVALID', `a byte tokenizer needs the special token ${role}`);
  if (ids.size !== special.length || ids.has(''))
    throw new ForgeError('TOKENIZER_INVALID', 'special tokens must differ and not be empty');
  return new ByteTokenizer(special, ids);
}

class ByteTokenizer implements Tokenizer {
  readonly vocabSize: number;
  private readonly pattern: RegExp;

  constructor(
    readonly specialTokens: readonly string[],
    private readonly ids: ReadonlyMap<string, number>,
  ) {
    this.vocabSize = BYTES + specialTokens.length;
    // Longer tokens first, so that one that begins like another is not cut short.
    const escaped = [...specialTokens]
      .sort((a, b) => b.length - a.length)
      .map((t) => t.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.pattern = new RegExp(`(${escaped.join('|')})`, 'u');
  }

  get bosId(): number {
    return this.ids.get('<bos>')!;
  }

  get eosId(): number {
    return this.ids.get('<eos>')!;
  }

  get padId(): number {
    return this.ids.get('<pad>')!;
  }

  encode(text: string): number[] {
    const out: number[] = [];
    const encoder = new TextEncoder();
    for (const part of text.split(this.pattern)) {
      const id = this.ids.get(part);
      if (id !== undefined) out.push(id);
      else for (const byte of encoder.encode(part)) out.push(byte);
    }
    return out;
  }

  decode(ids: readonly number[], { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    let run: number[] = [];
    const flush = (): void => {
      text += decoder.decode(Uint8Array.from(run));
      run = [];
    };
    for (const id of ids) {
      const special = this.specialTokens[id - BYTES];
      if (id >= 0 && id < BYTES) run.push(id);
      // Skipped and unknown tokens do not cut a character in two: the bytes around them are joined, as `tokenizers` does.
      else if (special !== undefined && !skipSpecialTokens) {
        flush();
        text += special;
      }
    }
    flush();
    return text;
  }

  tokenToId(token: string): number | undefined {
    const index = BYTE_TO_CHAR.indexOf(token);
    return this.ids.get(token) ?? (index < 0 ? undefined : index);
  }

  idToToken(id: number): string | undefined {
    return id < BYTES ? BYTE_TO_CHAR[id] : this.specialTokens[id - BYTES];
  }

  files(): { name: string; json: unknown }[] {
    const vocab = Object.fromEntries(BYTE_TO_CHAR.map((c, b) => [c, b]));
    const roles = { bos: '<bos>', eos: '<eos>', pad: '<pad>' };
    return [
      { name: 'tokenizer.json', json: byteLevelJson(vocab, [], [...this.ids]) },
      { name: 'tokenizer_config.json', json: tokenizerConfigJson(roles) },
    ];
  }
}
