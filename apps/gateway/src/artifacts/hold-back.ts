/**
 * Passes chunks on, each only when the next one is there, and the last one only when the source has ended well: whoever reads a source that
 * fails at its end never gets all of it.
 */
export async function* holdBack(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (held) yield held;
    held = chunk;
  }
  if (held) yield held;
}
