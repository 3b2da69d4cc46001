import type { Tokenizer } from './tokenizer.js';

/**
 * Tokens of a running text as a model reads it: after `<bos>` where the tokenizer itself puts one before a text, and
 * without any end token, since the text may go on.
 */
export function encodeText(tokenizer: Tokenizer, text: string): number[] {
  const [first] = tokenizer.encode('', { addSpecialTokens: true });
  const start = first !== undefined && first === tokenizer.bosId ? [first] : [];
  return [...start, ...tokenizer.encode(text, { addSpecialTokens: false })];
}
