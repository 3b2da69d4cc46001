/**
 * How running text is cut into words before byte pairs are counted: the pattern of Qwen2's tokenizer in Oniguruma's
 * syntax, as it stands in a `tokenizer.json`. Contractions, words with one leading sign or space, single digits (so
 * that numbers are spelled digit by digit, which arithmetic needs), runs of signs, line ends, spaces.
 */
export const WORD_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** White space as Unicode and Oniguruma have it; JavaScript's `\s` has U+FEFF too many and U+0085 too few. */
const SPACE = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** {@link WORD_PATTERN} in JavaScript's syntax. U+017F folds to s. */
const WORDS = new RegExp(
  [
    "'(?:[sS\\u017ftTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])",
    '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
    '\\p{N}',
    ` ?[^${SPACE}\\p{L}\\p{N}]+[\\r\\n]*`,
    `[${SPACE}]*[\\r\\n]+`,
    `[${SPACE}]+(?![^${SPACE}])`,
    `[${SPACE}]+`,
  ].join('|'),
  'gu',
);

/** How often each word occurs in a text; together the words are the whole text. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
