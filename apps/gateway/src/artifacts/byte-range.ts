import { ForgeError } from '@agent-forge/contracts';

/** A part of a file: `start` to `end`, end excluded. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One range of bytes; several at once, other units and malformed ones may be ignored (RFC 9110, 14.2), and are. */
const SINGLE_RANGE = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i;

/**
 * The part that a `Range` header asks for; undefined for the whole file.
 * @throws ForgeError RANGE_NOT_SATISFIABLE when none of the file is asked for
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = SINGLE_RANGE.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (start < end) return { start, end };
  throw new ForgeError('RANGE_NOT_SATISFIABLE', `the file has ${sizeBytes} bytes; none of them is in "${header}"`);
}
