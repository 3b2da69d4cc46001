import { ForgeError } from '@agent-forge/contracts';

const LINE_FEED = 0x0a;

/**
 * Passes a text on while checking it.
 * @throws ForgeError DATA_INVALID, with about the line, for bytes that are not UTF-8 text, and for an empty text
 */
export async function* utf8Text(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let isEmpty = true;
  const decode = (chunk?: Uint8Array) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw new ForgeError('DATA_INVALID', `the text is not UTF-8 (in line ${line} or after); save it as UTF-8`, error);
    }
  };
  for await (const chunk of source) {
    if (chunk.includes(0)) throw new ForgeError('DATA_INVALID', `this is no text: a NUL byte in line ${line} or after`);
    decode(chunk);
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) line += 1;
    isEmpty &&= chunk.length === 0;
    yield chunk;
  }
  decode();
  if (isEmpty) throw new ForgeError('DATA_INVALID', 'the text is empty');
}
