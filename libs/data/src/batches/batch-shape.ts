import { ForgeError } from '@agent-forge/contracts';

/** Places of one batch: five arrays of this length are half a gigabyte, more than any step here can use. */
const MAX_BATCH_PLACES = 2 ** 24;

/** @throws ForgeError INVALID_ARGUMENT unless rows and length are whole numbers from 1 and the batch fits into memory */
export function checkBatchShape({ rows, length }: { readonly rows: number; readonly length: number }): void {
  const whole = Number.isInteger(rows) && Number.isInteger(length) && rows >= 1 && length >= 1;
  if (whole && rows * length <= MAX_BATCH_PLACES) return;
  const message = `a batch has 1 to ${MAX_BATCH_PLACES} places, not ${rows} rows of ${length}`;
  throw new ForgeError('INVALID_ARGUMENT', message);
}
