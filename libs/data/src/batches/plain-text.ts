import type { Tokenizer } from '@agent-forge/model';

/** What this lib needs of a tokenizer. */
export type Encoder = Pick<
  Tokenizer,
  'encode' | 'tokenToId' | 'vocabSize' | 'bosId' | 'eosId' | 'padId' | 'specialTokens'
>;

/**
 * An encoder of text as nothing but text. Tokenizers turn the spelling of a special token into that token, so a data file
 * that says `<eos>` could end answers or open turns; here such a spelling is cut after its first character and each piece
 * encoded by itself, which decodes to the same text.
 */
export function plainTextEncoder(tokenizer: Encoder): (text: string) => number[] {
  const encode = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  const spellings = tokenizer.specialTokens.filter((token) => token.length > 1).map(escapeRegExp);
  if (spellings.length === 0) return encode;
  const anywhere = new RegExp(spellings.join('|'), 'u');
  const afterFirstCharacter = new RegExp(`(?<=(?=${spellings.join('|')}).)`, 'su');
  return (text) => (anywhere.test(text) ? text.split(afterFirstCharacter).flatMap(encode) : encode(text));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
