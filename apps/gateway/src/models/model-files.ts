import { ForgeError, isModelFile } from '@agent-forge/contracts';
import { checkedText } from '@agent-forge/data';
import { foreignFormat, SIGNATURE_BYTES } from '@agent-forge/model/storage';
import type { UploadRules } from '../uploads/receive-files.js';

/** 30 thousand million parameters in half precision; whoever works with larger ones does so on disks of their own. */
export const MAX_MODEL_BYTES = 64 * 1024 ** 3;
/** A safetensors file begins with the length of its header, eight bytes, and the header with a brace. */
const HEADER_AT = 8;
const BRACE = 0x7b;

/** What a model folder may hold: nothing in it runs code when it is opened. */
export const MODEL_RULES: UploadRules = {
  assertName(name) {
    if (isModelFile(name)) return;
    throw new ForgeError(
      'UNSUPPORTED_FORMAT',
      `${name} is no file of a model that is read; send config.json, generation_config.json, tokenizer files, chat templates and *.safetensors`,
    );
  },
  maxBytes: MAX_MODEL_BYTES,
  inspect(name, source) {
    const checked = withoutForeign(name, source);
    return name.endsWith('.safetensors') ? checked : checkedText(name, checked);
  },
};

/** Passes a file on unless its first bytes are those of a format that is never read, whatever its name says. */
async function* withoutForeign(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
