import { WORD_PATTERN } from './word-split.js';

/** A special token of a `tokenizer.json`. */
export function addedToken(id: number, content: string): Record<string, unknown> {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** Which special tokens play which part. */
export interface SpecialRoles {
  readonly bos: string;
  readonly eos: string;
  readonly pad: string;
}

/**
 * A byte-level BPE `tokenizer.json`, as the `tokenizers` library writes it (version 1.0 of its format). With merges the
 * text is cut into words first; the pattern stands in a Split of its own because readers differ in what the built-in
 * pattern of ByteLevel takes for white space.
 */
export function byteLevelJson(
  vocab: Record<string, number>,
  merges: readonly (readonly [string, string])[],
  special: readonly (readonly [string, number])[],
): Record<string, unknown> {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: WORD_PATTERN }, behavior: 'Isolated', invert: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map(([content, id]) => addedToken(id, content)),
    normalizer: null,
    pre_tokenizer: merges.length > 0 ? { type: 'Sequence', pretokenizers: [split, byteLevel] } : byteLevel,
    post_processor: null,
    decoder: { ...byteLevel, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

export function tokenizerConfigJson({ bos, eos, pad }: SpecialRoles): Record<string, unknown> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: bos,
    eos_token: eos,
    pad_token: pad,
    clean_up_tokenization_spaces: false,
    model_max_length: 1e9,
  };
}
