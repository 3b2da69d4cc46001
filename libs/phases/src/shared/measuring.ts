import { BYTES_PER_WEIGHT, forwardFlops, MIB, PROCESS_MIB, type Situation } from '../estimate.js';
import { MEASURED_BYTES } from './limits.js';

/** Tokens of an item of a family with what stands around it; the families' own means are 14 to 40. */
const ITEM_TOKENS = 24;
/** Building a session for a model, whatever its size. */
const SESSION_SECONDS = 0.4;
/** A report or select part is a tenth of the text. */
const PART = 0.1;

/** Seconds of measuring a model on so many items of each family, and on text where there is some. */
export function measuringSeconds(situation: Situation, parameters: number, itemsPerFamily: number): number {
  return SESSION_SECONDS + scoringSeconds(situation, parameters, itemsPerFamily, MEASURED_BYTES);
}

/** The same where the session is there already. */
export function scoringSeconds(
  { trainFlopsPerSecond, families, dataBytes }: Situation,
  parameters: number,
  itemsPerFamily: number,
  textBytes: number,
): number {
  const tokens = families * itemsPerFamily * ITEM_TOKENS + Math.min(textBytes, PART * dataBytes);
  return forwardFlops(parameters, tokens) / trainFlopsPerSecond;
}

/** Memory with so many models read at once. */
export function readModelsMiB(models: number, parameters: number): number {
  return PROCESS_MIB + storedMiB(models, parameters);
}

/** Disk, or memory, for weights alone. */
export function storedMiB(models: number, parameters: number): number {
  return (models * parameters * BYTES_PER_WEIGHT) / MIB;
}
