import { evaluateText, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';

/** Enough to tell models apart to a hundredth of a bit, and a few seconds of work. */
const MAX_MEASURED_BYTES = 128 * 1024;

/** The texts that every model of a run is measured on: whole blocks of the report part, from its start, up to 128 KiB. */
export function reportTexts(report: readonly string[]): string[] {
  let bytes = 0;
  const texts = report.filter((text) => {
    bytes += Buffer.byteLength(text);
    return bytes <= MAX_MEASURED_BYTES;
  });
  return texts.length > 0 ? texts : report.slice(0, 1);
}

/** Bits per byte of a model on the report texts; no window crosses from one to the next. */
export async function bitsPerByte(
  model: Model,
  texts: readonly string[],
  { threads, signal }: Pick<PhaseContext, 'threads' | 'signal'>,
): Promise<number> {
  return (await evaluateText(model, texts, { threads, signal })).bitsPerByte;
}
