import { bootstrap, bootstrapPairedDifference } from '@agent-forge/model';
import type { Comparison, Interval } from './report.js';
import type { Measured } from './yardstick.js';

/** The resamples of fewer texts say nothing of other texts. */
const LEAST_TEXTS = 5;

/** How much better one is than another on the same items or texts, with its paired 95 % interval; nothing where there are too few. */
export function compare(better: string, than: string, measured: ReadonlyMap<string, Measured>): Comparison[] {
  const difference = differenceOf(measured.get(better)!, measured.get(than)!, than);
  return difference ? [{ name: `${better} − ${than}`, better, than, difference }] : [];
}

function differenceOf(mine: Measured, theirs: Measured, seed: string): Interval | undefined {
  if (mine.tasks && theirs.tasks) return bootstrapPairedDifference(mine.tasks.correct, theirs.tasks.correct, { seed });
  const [a, b] = [mine.text?.texts, theirs.text?.texts];
  if (a === undefined || b === undefined || a.length < LEAST_TEXTS) return undefined;
  const saved = (indices: Int32Array): number => {
    let [bits, bytes] = [0, 0];
    for (const i of indices) {
      bits += b[i]!.bits - a[i]!.bits;
      bytes += a[i]!.bytes;
    }
    return bits / bytes;
  };
  return bootstrap(a.length, saved, { seed });
}
