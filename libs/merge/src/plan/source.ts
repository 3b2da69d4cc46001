import { ForgeError } from '@agent-forge/contracts';
import {
  openModelFolder,
  openSafetensors,
  type FloatDtype,
  type LlamaConfig,
  type Model,
  type OpenOptions,
  type Tokenizer,
} from '@agent-forge/model';
import { StoredOperand } from '../operand.js';

/** A model that takes part in a merge; its tensors are read one at a time. */
export interface MergeSource {
  /** Where it is, for messages and for whoever opens it again in another thread. */
  readonly path: string;
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer | null;
  /** Tensors by name, with the type they are stored in. */
  readonly dtypes: ReadonlyMap<string, FloatDtype>;
  /** @param cast values are rounded to this type */
  operand(name: string, cast: FloatDtype | null): Promise<StoredOperand>;
}

/**
 * Opens a model folder and checks that it is whole; no weights are read yet.
 * @throws ForgeError what `openModelFolder` throws
 */
export async function openMergeSource(path: string): Promise<MergeSource> {
  const { config, tokenizer, stored } = await openModelFolder(path);
  const reader = await openTensors(path);
  const dtypes = new Map([...stored].map(([name, { dtype }]) => [name, dtype as FloatDtype]));
  return { path, config, tokenizer, dtypes, operand: reader };
}

/**
 * The tensors of a folder alone, without looking at the rest of it.
 * @param options where the memory comes from
 */
export async function openTensors(path: string, options: OpenOptions = {}): Promise<MergeSource['operand']> {
  const source = await openSafetensors(path, options);
  return async (name, cast) => StoredOperand.of(await source.readStored(name), cast);
}

/** A model in memory. @param path name for messages */
export function memorySource(path: string, { config, weights, tokenizer }: Model): MergeSource {
  const dtypes = new Map([...weights.keys()].map((name) => [name, 'F32' as const]));
  const operand = async (name: string, cast: FloatDtype | null): Promise<StoredOperand> => {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new ForgeError('NOT_FOUND', `${path} has no tensor ${name}`);
    return StoredOperand.from(tensor, cast);
  };
  return { path, config, tokenizer, dtypes, operand };
}
