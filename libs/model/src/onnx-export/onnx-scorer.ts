import { type HostTensor, type Session, type SessionOptions } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import type { SequenceScore, TokenScorer } from '../evaluation/sequence-scorer.js';
import { cacheNames, type OnnxEncoding, PAST } from './encoding.js';
import { openOnnx, readSides } from './open-onnx.js';
import { onnxContext } from './write-onnx-folder.js';

/** Scores tokens with an exported ONNX file, run as it is: what others will get from it. */
export class OnnxScorer implements TokenScorer {
  private constructor(
    private readonly session: Session,
    private readonly config: LlamaConfig,
    readonly maxLength: number,
  ) {}

  /**
   * Opens the file of an encoding in a folder that `writeOnnxFolder` wrote.
   * @throws ForgeError `FILE_NOT_FOUND`, `NOT_A_MODEL`, `TOKENIZER_INVALID`, and `GRAPH_INVALID` when it is no such graph
   */
  static async open(
    folder: string,
    encoding: OnnxEncoding,
    options: Pick<SessionOptions, 'threads'> = {},
  ): Promise<OnnxScorer> {
    const { config } = await readSides(folder);
    return new OnnxScorer(await openOnnx(folder, encoding, options), config, onnxContext(config));
  }

  /** Scores a batch in one call; shorter sequences are padded at their end, which their own tokens never see. */
  async score(sequences: readonly (readonly number[])[]): Promise<SequenceScore[]> {
    const batch = sequences.length;
    const length = Math.max(...sequences.map((ids) => ids.length - 1));
    const fill = (value: (row: readonly number[], i: number) => number): HostTensor => {
      const data = new BigInt64Array(batch * length);
      sequences.forEach((ids, row) => {
        for (let i = 0; i < length; i++) data[row * length + i] = BigInt(value(ids, i));
      });
      return { dtype: 'int64', shape: [batch, length], data };
    };
    const { numKvHeads, headDim, numLayers, vocabSize } = this.config;
    const empty: HostTensor = { dtype: 'float32', shape: [batch, numKvHeads, 0, headDim], data: new Float32Array() };
    const { logits } = await this.session.run({
      input_ids: fill((ids, i) => (i < ids.length - 1 ? ids[i]! : 0)),
      attention_mask: fill(() => 1),
      position_ids: fill((_, i) => i),
      ...Object.fromEntries(cacheNames(PAST, numLayers).map((name) => [name, empty])),
    });
    const all = logits!.data as Float32Array;
    return sequences.map((ids, row) => scoreOf(ids, all.subarray(row * length * vocabSize), vocabSize));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** @param logits of the sequence, one row of the vocabulary after another */
function scoreOf(ids: readonly number[], logits: Float32Array, vocabSize: number): SequenceScore {
  const count = ids.length - 1;
  const [nll, predicted] = [new Float32Array(count), new Int32Array(count)];
  for (let i = 0; i < count; i++) {
    const row = logits.subarray(i * vocabSize, (i + 1) * vocabSize);
    let best = 0;
    for (let v = 1; v < vocabSize; v++) if (row[v]! > row[best]!) best = v;
    let sum = 0;
    for (let v = 0; v < vocabSize; v++) sum += Math.exp(row[v]! - row[best]!);
    predicted[i] = best;
    nll[i] = row[best]! + Math.log(sum) - row[ids[i + 1]!]!;
  }
  return { nll, predicted };
}
