/** The special tokens around what is thought before an answer. */
export const THINK_TOKENS = { start: '<think>', end: '</think>' } as const;
