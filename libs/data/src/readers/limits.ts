/** A whole data file: its text and then its tokens are kept in memory while a model trains. */
export const MAX_DATA_FILE_BYTES = 512 * 1024 * 1024;
/** One JSONL line: longer ones are mostly a file that is not JSONL, and each is held whole to be parsed. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** Records need three levels of nesting; deeper ones are refused before they are parsed. */
export const MAX_JSON_DEPTH = 16;
/** Records of one file: each costs about half a kilobyte of objects. */
export const MAX_RECORDS = 2_000_000;
/** Turns of one dialogue; the longest that chat data sets have are a few hundred. */
export const MAX_MESSAGES = 1_000;
/** The least piece of running text that is a unit of the split (shorter ones would put neighbouring sentences apart). */
export const MIN_BLOCK_BYTES = 4 * 1024;
/** Where a block ends at the latest, when no paragraph ends before: small files should still have many units. */
export const MAX_BLOCK_BYTES = 8 * 1024;
