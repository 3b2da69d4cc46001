/** 64 KiB of float32: a handful of such buffers, one for each model, stay in the second-level cache. */
export const BLOCK_ELEMENTS = 16_384;

/**
 * Calls `work(start, length)` for consecutive stretches of a range, in order.
 * @param multiple every stretch but the last is a multiple of this, for work that needs whole rows
 */
export function forEachBlock(
  start: number,
  end: number,
  work: (start: number, length: number) => void,
  multiple = 1,
): void {
  const step = blockLength(multiple);
  for (let at = start; at < end; at += step) work(at, Math.min(step, end - at));
}

/** Length of a full stretch of {@link forEachBlock}. */
export function blockLength(multiple = 1): number {
  return multiple * Math.max(1, Math.floor(BLOCK_ELEMENTS / multiple));
}
