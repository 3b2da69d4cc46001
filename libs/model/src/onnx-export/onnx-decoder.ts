import { type HostTensor, Session, type SessionOptions, withFreshOutputs } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import type { TokenModel } from '../generation/decoder.js';
import type { KvCache } from '../generation/kv-cache.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { type OnnxEncoding, PAST, PRESENT } from './encoding.js';
import { openOnnx, readSides } from './open-onnx.js';
import { onnxContext } from './write-onnx-folder.js';

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
    const { config, tokenizer } = await readSides(folder);
    const session = await openOnnx(folder, encoding, options, (model) => withFreshOutputs(model, `${PRESENT}.`));
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
