import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { type HostTensor, Session, type SessionOptions, withFreshOutputs } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { readConfig } from '../folder/read-model-folder.js';
import type { TokenModel } from '../generation/decoder.js';
import type { KvCache } from '../generation/kv-cache.js';
import { fileError, identify } from '../safetensors/file-access.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { type OnnxEncoding, PAST, PRESENT, onnxFile } from './encoding.js';
import { onnxContext } from './write-onnx-folder.js';

/** Protobuf messages end here, and so do ONNX files that hold their weights. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/**
 * Generates from an exported ONNX file: the file's own graph, but for the copying of the cache, which stays on this side as
 * it does for our own decoder.
 */
export class OnnxDecoder implements TokenModel {
  private constructor(
    private readonly session: Session,
    readonly model: { readonly config: LlamaConfig; readonly tokenizer: Tokenizer | null },
    readonly maxContext: number,
  ) {}

  /**
   * Opens the file of an encoding in a folder that `writeOnnxFolder` wrote.
   * @throws ForgeError `FILE_NOT_FOUND`, `NOT_A_MODEL`, `TOKENIZER_INVALID`, and `GRAPH_INVALID` when it is no such graph
   */
  static async open(
    folder: string,
    encoding: OnnxEncoding,
    options: Pick<SessionOptions, 'threads'> = {},
  ): Promise<OnnxDecoder> {
    const config = await readConfig(folder);
    const tokenizer = await loadTokenizer(folder);
    const path = join(folder, onnxFile(encoding));
    const model = withFreshOutputs(await readWhole(path), `${PRESENT}.`);
    const data = await stat(`${path}_data`).then(
      () => readFile(`${path}_data`),
      () => null,
    );
    const externals = new Map(data ? [[`${basename(path)}_data`, data]] : []);
    const session = await Session.create(model, { ...options, externals });
    return new OnnxDecoder(session, { config, tokenizer }, onnxContext(config));
  }

  async forward(cache: KvCache, ids: Int32Array): Promise<Float32Array[]> {
    const batch = cache.padding.length;
    const steps = ids.length / batch;
    const int64 = (shape: readonly number[], data: BigInt64Array): HostTensor => ({ dtype: 'int64', shape, data });
    const { vocabSize } = this.model.config;
    const past = Object.entries(cache.feeds()).map(([name, tensor]) => [name.replace('past', PAST), tensor] as const);
    const { logits, fresh } = await this.session.run({
      ...Object.fromEntries(past),
      input_ids: int64([batch, steps], BigInt64Array.from(ids, BigInt)),
      attention_mask: int64([batch, cache.room + steps], presence(cache, steps)),
      position_ids: int64([batch, steps], cache.positions(steps)),
    });
    cache.append(fresh!.data as Float32Array, steps);
    const all = logits!.data as Float32Array;
    return cache.padding.map((_, b) => all.slice(((b + 1) * steps - 1) * vocabSize, (b + 1) * steps * vocabSize));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** 1 where there is a key: neither padding nor empty room. */
function presence({ padding, length, room }: KvCache, steps: number): BigInt64Array {
  const keys = room + steps;
  const data = new BigInt64Array(padding.length * keys);
  padding.forEach((pad, b) => {
    data.fill(1n, b * keys + Math.min(pad, length), b * keys + length);
    data.fill(1n, b * keys + room + Math.min(steps, Math.max(0, pad - length)), (b + 1) * keys);
  });
  return data;
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const { sizeBytes } = await identify(path);
    if (sizeBytes > MAX_MODEL_BYTES)
      throw new ForgeError(
        'PAYLOAD_TOO_LARGE',
        `${path} has ${sizeBytes} bytes; an ONNX file has at most ${MAX_MODEL_BYTES}`,
      );
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}
