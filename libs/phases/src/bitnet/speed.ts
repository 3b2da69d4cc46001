import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodingSpeed, OnnxDecoder, writeOnnxFolder, type Model, type OnnxEncoding } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';

/** The best of so many turns: other programs only ever make one slower. */
const TURNS = 3;
const ENCODINGS = { fp32: 'onnxFp32TokensPerSecond', q2: 'onnxQ2TokensPerSecond' } as const;

/** Tokens per second of the same model as ONNX in float32 and in two bits, in turns, one sequence at a time. */
export async function measureSpeed(
  { workDir, threads, signal }: Pick<PhaseContext, 'workDir' | 'threads' | 'signal'>,
  model: Model,
  tokens: number,
): Promise<Record<string, number>> {
  const dir = join(workDir, 'speed');
  const encodings = Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[];
  await writeOnnxFolder(dir, model, { encodings });
  const decoders = new Map<OnnxEncoding, OnnxDecoder>();
  const speeds: Record<string, number> = {};
  try {
    for (const encoding of encodings) decoders.set(encoding, await OnnxDecoder.open(dir, encoding, { threads }));
    for (let turn = 0; turn < TURNS; turn++) {
      for (const encoding of encodings) {
        signal.throwIfAborted();
        const rate = await decodingSpeed(decoders.get(encoding)!, tokens);
        speeds[ENCODINGS[encoding]] = Math.max(speeds[ENCODINGS[encoding]] ?? 0, rate);
      }
    }
  } finally {
    for (const decoder of decoders.values()) await decoder.release();
    await rm(dir, { recursive: true });
  }
  return speeds;
}
