import { basename } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { assertAudit, auditValues, openModelFolder } from '@agent-forge/model';
import type { WorkerFunction } from '@agent-forge/tensor/worker';

/** What is checked. */
export interface CheckModelInput {
  /** A folder of files. */
  readonly dir: string;
}

/**
 * Opens a model folder with the readers of every phase and reads all its weights, one tensor at a time; called in a worker thread.
 * @throws ForgeError NOT_A_MODEL, TOKENIZER_INVALID, SAFETENSORS_INVALID, UNSUPPORTED_FORMAT, AUDIT_FAILED; messages name files without the folder
 */
export const run: WorkerFunction<CheckModelInput, { parameters: number }> = async ({ dir }, { signal }) => {
  try {
    const folder = await openModelFolder(dir);
    let parameters = 0;
    for (const [name, shape] of folder.shapes) {
      signal.throwIfAborted();
      assertAudit(auditValues(name, await folder.read(name)), dir);
      parameters += shape.reduce((a, b) => a * b, 1);
    }
    return { parameters };
  } catch (thrown) {
    const { code, message } = ForgeError.from(thrown);
    // Where the server keeps its scratch files is nobody's business.
    const told = message.replaceAll(`${dir}/`, '').replaceAll(dir, 'the model').replaceAll(basename(dir), 'the model');
    throw new ForgeError(code === 'FILE_NOT_FOUND' ? 'NOT_A_MODEL' : code, told, thrown);
  }
};
