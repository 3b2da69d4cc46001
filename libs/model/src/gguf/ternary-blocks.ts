/** ggml's ternary blocks: 256 codes of a row and a scale in half precision behind them. */

const BLOCK = 256;
const SCALE_BYTES = 2;
export const TQ2_BYTES = 66;
export const TQ1_BYTES = 54;
/** Bytes of a TQ1_0 block that hold five codes each, and of those behind them that hold four. */
const [FIVES, FOURS] = [48, 4];
const POWERS = [1, 3, 9, 27, 81] as const;

/** Where element `digit` of byte `i` of a TQ1_0 block lies: the first 32 bytes hold 160 elements, 16 more hold 80, the last four 16. */
function tq1Element(i: number, digit: number): number {
  if (i < 32) return i + 32 * digit;
  if (i < FIVES) return 160 + (i - 32) + 16 * digit;
  return 240 + (i - FIVES) + FOURS * digit;
}

const TQ1_DIGITS = (i: number): number => (i < FIVES ? 5 : 4);

/** TQ2_0: element 4j + m + 32n, in four groups of 32 bytes, has bits 2n of byte j + m; the code is stored plus one. */
export function encodeTq2(codes: Int8Array, scale: number, out: Uint8Array): void {
  for (let half = 0; half < 2; half++) {
    for (let m = 0; m < 32; m++) {
      let byte = 0;
      for (let n = 0; n < 4; n++) byte |= (codes[128 * half + m + 32 * n]! + 1) << (2 * n);
      out[32 * half + m] = byte;
    }
  }
  setScale(out, BLOCK / 4, scale);
}

/** @returns false where a code is none of −1, 0 and 1 */
export function decodeTq2(block: Uint8Array, codes: Int8Array): boolean {
  for (let half = 0; half < 2; half++) {
    for (let m = 0; m < 32; m++) {
      for (let n = 0; n < 4; n++) {
        const code = (block[32 * half + m]! >> (2 * n)) & 3;
        if (code === 3) return false;
        codes[128 * half + m + 32 * n] = code - 1;
      }
    }
  }
  return true;
}

/** TQ1_0: five codes are the digits of a number to base 3, first digit highest, scaled so that 256 stands for 243. */
export function encodeTq1(codes: Int8Array, scale: number, out: Uint8Array): void {
  for (let i = 0; i < FIVES + FOURS; i++) {
    let number = 0;
    for (let digit = 0; digit < 5; digit++)
      number = 3 * number + (digit < TQ1_DIGITS(i) ? codes[tq1Element(i, digit)]! + 1 : 0);
    out[i] = Math.floor((number * 256 + 242) / 243);
  }
  setScale(out, FIVES + FOURS, scale);
}

/** Any byte means five digits, so that nothing can be wrong with it. */
export function decodeTq1(block: Uint8Array, codes: Int8Array): void {
  for (let i = 0; i < FIVES + FOURS; i++)
    for (let digit = 0; digit < TQ1_DIGITS(i); digit++)
      codes[tq1Element(i, digit)] = ((((block[i]! * POWERS[digit]!) & 255) * 3) >> 8) - 1;
}

/** @param scale bits of half precision */
function setScale(out: Uint8Array, at: number, scale: number): void {
  out[at] = scale & 255;
  out[at + SCALE_BYTES - 1] = scale >> 8;
}
