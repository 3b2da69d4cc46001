/** Codes in one byte. */
export const CODES_PER_BYTE = 4;

/**
 * Packs ternary codes as transformers does: of the four quarters of the rows, row r of quarter i sits in bits 2i of packed
 * row r, each code as code + 1.
 * @param codes [rows, columns] of −1, 0 or 1; rows are a multiple of four
 * @returns [rows / 4, columns]
 */
export function packRows(codes: Int8Array): Uint8Array {
  const quarter = codes.length / CODES_PER_BYTE;
  const packed = new Uint8Array(quarter);
  for (let i = 0; i < CODES_PER_BYTE; i++)
    for (let at = 0; at < quarter; at++) packed[at]! |= (codes[i * quarter + at]! + 1) << (2 * i);
  return packed;
}

/** Undoes {@link packRows}. @returns null where a code is none of −1, 0 and 1 */
export function unpackRows(packed: Uint8Array): Int8Array | null {
  const codes = new Int8Array(packed.length * CODES_PER_BYTE);
  for (let i = 0; i < CODES_PER_BYTE; i++) {
    for (let at = 0; at < packed.length; at++) {
      const code = ((packed[at]! >> (2 * i)) & 3) - 1;
      if (code > 1) return null;
      codes[i * packed.length + at] = code;
    }
  }
  return codes;
}
