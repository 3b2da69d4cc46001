import { dirname, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts/core';
import { shown } from '../shown.js';
import type { WeightTensor } from '../weights.js';
import { identify, readAt, withFile } from './file-access.js';
import { MAX_INDEX_BYTES, MAX_INDEX_CONTAINERS, MAX_INDEX_DEPTH, MAX_SHARDS, MAX_TENSORS } from './limits.js';
import { SafetensorsFile } from './safetensors-file.js';
import { parseStrictJson, type StrictJson } from './strict-json.js';
import type { OpenOptions, OpenTensor, StoredTensor, TensorSource, TypedTensor } from './tensor-source.js';

/** Plain file names: nothing that leaves the folder of the index, on any system. */
const SHARD_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.safetensors$/;

/** A model in several files, joined by an index (`model.safetensors.index.json`). */
export class ShardedSafetensors implements TensorSource {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;

  private constructor(
    readonly path: string,
    private readonly shardOf: ReadonlyMap<string, SafetensorsFile>,
  ) {
    this.tensors = new Map([...shardOf].map(([name, shard]) => [name, shard.tensors.get(name)!]));
    this.metadata = shardOf.values().next().value?.metadata ?? new Map();
  }

  /**
   * Opens every shard and checks that index and shards say the same.
   * @param path of the index file
   * @throws ForgeError `SAFETENSORS_INVALID` for a malformed index, a shard outside the folder, a tensor that is
   *   missing from its shard, or one that the index does not know; and what opening a file throws
   */
  static async open(path: string, options: OpenOptions = {}): Promise<ShardedSafetensors> {
    const weightMap = await readWeightMap(path, options);
    const files = new Map<string, SafetensorsFile>();
    for (const fileName of new Set(weightMap.values())) {
      const file = await SafetensorsFile.open(join(dirname(path), fileName), options);
      // At once, so that all headers together are never more than the index.
      for (const tensor of file.tensors.keys())
        if (weightMap.get(tensor) !== fileName)
          throw invalidIndex(path, `tensor ${shown(tensor)} of ${fileName} is not listed for it`);
      files.set(fileName, file);
    }
    const shardOf = new Map<string, SafetensorsFile>();
    for (const [tensor, fileName] of weightMap) {
      const file = files.get(fileName)!;
      if (!file.tensors.has(tensor)) throw invalidIndex(path, `tensor ${shown(tensor)} is not in ${fileName}`);
      shardOf.set(tensor, file);
    }
    return new ShardedSafetensors(path, shardOf);
  }

  read(name: string): Promise<WeightTensor> {
    return this.shard(name).then((shard) => shard.read(name));
  }

  readTyped(name: string): Promise<TypedTensor> {
    return this.shard(name).then((shard) => shard.readTyped(name));
  }

  readStored(name: string): Promise<TypedTensor> {
    return this.shard(name).then((shard) => shard.readStored(name));
  }

  openTensor(name: string): Promise<OpenTensor> {
    return this.shard(name).then((shard) => shard.openTensor(name));
  }

  private async shard(name: string): Promise<SafetensorsFile> {
    const shard = this.shardOf.get(name);
    if (shard === undefined) throw new ForgeError('NOT_FOUND', `${this.path} has no tensor ${name}`);
    return shard;
  }
}

function invalidIndex(path: string, problem: string): ForgeError {
  return new ForgeError('SAFETENSORS_INVALID', `${path} is not a valid index: ${problem}`);
}

/** File name of each tensor. `metadata.total_size` is not used: published indices have wrong ones. */
async function readWeightMap(path: string, options: OpenOptions): Promise<Map<string, string>> {
  const fail = (problem: string): never => {
    throw invalidIndex(path, problem);
  };
  const text = await readText(path, options, fail);
  const root = parseStrictJson(text, {
    maxDepth: MAX_INDEX_DEPTH,
    maxEntries: MAX_TENSORS,
    maxContainers: MAX_INDEX_CONTAINERS,
    numbers: 'any',
    fail,
  });
  const weightMap = root instanceof Map ? root.get('weight_map') : undefined;
  if (!(weightMap instanceof Map) || weightMap.size === 0) return fail('there is no weight_map');
  const shards = new Set<StrictJson>(weightMap.values());
  if (shards.size > MAX_SHARDS) fail(`it lists ${shards.size} shards; at most ${MAX_SHARDS} are read`);
  for (const name of shards)
    if (typeof name !== 'string' || !SHARD_NAME.test(name))
      fail(`the shard ${shown(name)} is not a plain name of a .safetensors file`);
  const folded = new Set([...shards].map((name) => String(name).toLowerCase()));
  if (folded.size < shards.size) fail('two shards differ in upper and lower case only');
  return weightMap as Map<string, string>;
}

async function readText(path: string, options: OpenOptions, fail: (problem: string) => never): Promise<string> {
  const { sizeBytes } = await identify(path);
  if (sizeBytes > MAX_INDEX_BYTES) fail(`it has ${sizeBytes} bytes; at most ${MAX_INDEX_BYTES} are read`);
  const bytes = new Uint8Array(options.allocate?.(sizeBytes) ?? new ArrayBuffer(sizeBytes));
  const read = await withFile(path, (file) => readAt(file, bytes, 0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, read)).trimEnd();
  } catch {
    return fail('it is not UTF-8');
  }
}
