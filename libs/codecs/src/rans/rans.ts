/**
 * Range asymmetric numeral systems (Duda 2013, arXiv:1311.2540): symbols in as many bits as they are surprising. The state has 23 to 31 bits, and gives and
 * takes whole bytes; encoding goes from the last symbol to the first, so that decoding goes forwards.
 */

/** Frequencies add up to this. */
export const TOTAL_BITS = 12;
export const TOTAL = 2 ** TOTAL_BITS;
/** Least value of the state between two symbols. */
const LEAST = 2 ** 23;
export const STATE_BYTES = 4;

/** Counts as frequencies that add up to {@link TOTAL}: at least 1 for a symbol that occurs, and 0 for one that does not. */
export function frequenciesOf(counts: readonly number[]): number[] {
  const sum = counts.reduce((a, b) => a + b, 0);
  if (sum === 0) return counts.map((_, i) => (i === 0 ? TOTAL : 0));
  const frequencies = counts.map((count) => (count === 0 ? 0 : Math.max(1, Math.round((count / sum) * TOTAL))));
  // What rounding leaves over or wants is the most frequent symbol's, which feels it least.
  const most = frequencies.indexOf(Math.max(...frequencies));
  frequencies[most]! += TOTAL - frequencies.reduce((a, b) => a + b, 0);
  return frequencies;
}

function startsOf(frequencies: readonly number[]): number[] {
  let start = 0;
  return frequencies.map((frequency) => (start += frequency) - frequency);
}

/** @param symbols each less than the number of frequencies, and of a frequency above 0 */
export function encodeRans(symbols: Uint8Array, frequencies: readonly number[]): Uint8Array {
  const starts = startsOf(frequencies);
  // Backwards from the end; a symbol takes at most TOTAL_BITS.
  const out = new Uint8Array(STATE_BYTES + Math.ceil((symbols.length * TOTAL_BITS) / 8) + 1);
  let at = out.length;
  let state = LEAST;
  for (let i = symbols.length - 1; i >= 0; i--) {
    const frequency = frequencies[symbols[i]!]!;
    const limit = (LEAST >>> TOTAL_BITS) * 256 * frequency;
    while (state >= limit) {
      out[--at] = state & 255;
      state >>>= 8;
    }
    const quotient = Math.floor(state / frequency);
    state = quotient * TOTAL + (state - quotient * frequency) + starts[symbols[i]!]!;
  }
  for (let i = 0; i < STATE_BYTES; i++) {
    out[--at] = state & 255;
    state >>>= 8;
  }
  return out.slice(at);
}

/** @returns false where the bytes do not end with the symbols: another encoder wrote them, or they are damaged */
export function decodeRans(bytes: Uint8Array, frequencies: readonly number[], symbols: Uint8Array): boolean {
  const starts = startsOf(frequencies);
  const symbolAt = new Uint8Array(TOTAL);
  frequencies.forEach((frequency, symbol) => symbolAt.fill(symbol, starts[symbol], starts[symbol]! + frequency));
  let state = 0;
  for (let i = 0; i < STATE_BYTES; i++) state = state * 256 + (bytes[i] ?? 0);
  let at = STATE_BYTES;
  for (let i = 0; i < symbols.length; i++) {
    const slot = state & (TOTAL - 1);
    const symbol = symbolAt[slot]!;
    symbols[i] = symbol;
    state = frequencies[symbol]! * (state >>> TOTAL_BITS) + slot - starts[symbol]!;
    while (state < LEAST && at < bytes.length) state = (state << 8) | bytes[at++]!;
  }
  return state === LEAST && at === bytes.length;
}
