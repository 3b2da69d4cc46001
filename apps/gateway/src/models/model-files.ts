import { ForgeError, isModelFile } from '@agent-forge/contracts';
import { checkedText } from '@agent-forge/data';
import type { UploadRules } from '../uploads/receive-files.js';
import { withoutForeign } from '../uploads/without-foreign.js';

/** 30 thousand million parameters in half precision; whoever works with larger ones does so on disks of their own. */
export const MAX_MODEL_BYTES = 64 * 1024 ** 3;

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
