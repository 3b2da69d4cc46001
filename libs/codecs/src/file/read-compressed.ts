import { ForgeError, shownValue } from '@agent-forge/contracts';
import {
  expectedShapes,
  openSafetensors,
  parseConfig,
  type LazyWeights,
  type LlamaConfig,
  type TensorSource,
} from '@agent-forge/model';
import { codecOf } from '../codecs.js';
import { sharedName, type Compressed, type CompressedTensor } from './compressed-model.js';

/** A compressed file whose tensors are decoded when they are asked for, one at a time. */
export interface CompressedFile extends LazyWeights {
  readonly config: LlamaConfig;
  /** Everything as it is stored. */
  load(): Promise<Compressed>;
}

type Form = Pick<CompressedTensor, 'codec' | 'shape'>;

/**
 * Opens a file of `writeCompressed`: reads its header only.
 * @throws ForgeError what `openSafetensors` throws, and UNSUPPORTED_FORMAT for a file without codecs or with one that there is not
 */
export async function openCompressed(path: string): Promise<CompressedFile> {
  const source = await openSafetensors(path);
  const config = parseConfig(jsonOf(path, source, 'config'));
  const forms = formsOf(path, source, config);
  const bytesOf = async (name: string) => (await source.readTyped(name)).data as Uint8Array;
  const shared = new Map<string, Promise<Uint8Array>>();
  const sharedOf = (codec: string): Promise<Uint8Array> | undefined => {
    if (!source.tensors.has(sharedName(codec))) return undefined;
    if (!shared.has(codec)) shared.set(codec, bytesOf(sharedName(codec)));
    return shared.get(codec);
  };
  const formOf = (name: string): Form => {
    const form = forms.get(name);
    if (form === undefined) throw new ForgeError('NOT_FOUND', `${path} has no tensor ${name}`);
    return form;
  };
  return {
    config,
    shapes: new Map([...forms].map(([name, { shape }]) => [name, shape])),
    async read(name) {
      const { codec, shape } = formOf(name);
      const data = codecOf(codec).decode(await bytesOf(name), shape, await sharedOf(codec));
      return { shape, data };
    },
    async load() {
      const tensors = new Map<string, CompressedTensor>();
      for (const [name, form] of forms) tensors.set(name, { ...form, bytes: await bytesOf(name) });
      const tables = new Map<string, Uint8Array>();
      for (const { codec } of forms.values()) {
        const table = await sharedOf(codec);
        if (table !== undefined) tables.set(codec, table);
      }
      return { tensors, shared: tables };
    },
  };
}

function jsonOf(path: string, { metadata }: TensorSource, key: string): unknown {
  const text = metadata.get(key);
  if (text === undefined)
    throw new ForgeError('UNSUPPORTED_FORMAT', `${path} is no compressed model: its header has no ${key}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ForgeError(
      'UNSUPPORTED_FORMAT',
      `${path} is no compressed model: the ${key} in its header is no JSON`,
      error,
    );
  }
}

/** @throws ForgeError UNSUPPORTED_FORMAT for a tensor that is not what the configuration says: no room is taken for what a file only claims */
function formsOf(path: string, source: TensorSource, config: LlamaConfig): Map<string, Form> {
  const json = jsonOf(path, source, 'tensors');
  const forms = new Map(Object.entries((json ?? {}) as Record<string, Form>));
  const expected = expectedShapes(config);
  for (const [name, form] of forms) {
    const { codec, shape } = (form ?? {}) as Partial<Form>;
    const isStored = source.tensors.get(name)?.dtype === 'U8';
    if (typeof codec !== 'string' || !isStored || String(shape) !== String(expected.get(name)))
      throw new ForgeError(
        'UNSUPPORTED_FORMAT',
        `${path} is no compressed model: ${shownValue(name)} is not stored as its header and configuration say`,
      );
    codecOf(codec);
  }
  return forms;
}
