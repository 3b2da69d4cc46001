/** The codecs of `@agent-forge/codecs`, which is too much to load only to read a recipe. */
export const CODECS = ['f32', 'f16', 'int8', 'int4', 'tq2', 'tq1', 'rans', 'seedlm4', 'seedlm3', 'vq2', 'vq3'];
/** Codecs that hold nothing but ternary weights. */
const TERNARY_CODECS = ['tq1', 'tq2', 'rans'];
/** Plain rounding, which every other codec must beat. */
const ROUNDING = ['f32', 'f16', 'int8', 'int4'];

/** How a model could be stored. */
export interface Candidate {
  readonly name: string;
  readonly matrices: string;
  readonly tables: string;
}

/** @param name MATRICES+TABLES */
export function candidateOf(name: string): Candidate {
  const [matrices, tables] = name.split('+') as [string, string];
  return { name, matrices, tables };
}

export function isTernaryCodec(codec: string): boolean {
  return TERNARY_CODECS.includes(codec);
}

export function isRounding({ matrices }: Candidate): boolean {
  return ROUNDING.includes(matrices);
}

/** Codecs that embedding and head can be stored by. */
export const TABLE_CODECS = CODECS.filter((codec) => !isTernaryCodec(codec));
