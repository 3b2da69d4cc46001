import { ForgeError } from '@agent-forge/contracts';
import { foreignFormat, SIGNATURE_BYTES } from '@agent-forge/model/storage';

/** A safetensors file begins with the length of its header, eight bytes, and the header with a brace. */
const HEADER_AT = 8;
const BRACE = 0x7b;

/**
 * Passes a file on unless its first bytes are those of a format that is never read, whatever its name says.
 * @throws ForgeError UNSUPPORTED_FORMAT
 */
export async function* withoutForeign(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = [];
  let length = 0;
  let isKnown = false;
  const check = () => {
    isKnown = true;
    const first = Buffer.concat(held).subarray(0, SIGNATURE_BYTES);
    // By chance a header can be as long as another format's mark.
    if (name.endsWith('.safetensors') && first[HEADER_AT] === BRACE) return;
    const what = foreignFormat(first);
    if (what !== null) throw new ForgeError('UNSUPPORTED_FORMAT', `${name} is ${what}; it is not read`);
  };
  for await (const chunk of source) {
    if (isKnown) {
      yield chunk;
      continue;
    }
    held.push(chunk);
    length += chunk.length;
    if (length < SIGNATURE_BYTES) continue;
    check();
    yield* held;
  }
  if (isKnown) return;
  check();
  yield* held;
}
