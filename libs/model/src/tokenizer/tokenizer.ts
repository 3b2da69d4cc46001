/** Text to token ids and back. */
export interface Tokenizer {
  /** Ids are below this. */
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly padId: number | null;
  /** Texts of the special tokens, which never come out of ordinary text. */
  readonly specialTokens: readonly string[];
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** The files of a Hugging Face folder that hold it: `tokenizer.json` and `tokenizer_config.json`. */
  files(): { name: string; json: unknown }[];
}
