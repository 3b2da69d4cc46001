import { ForgeError } from '@agent-forge/contracts';
import { MAX_LINE_BYTES } from './limits.js';

/** One line without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Splits a byte stream into lines of UTF-8; at most one line is in memory. A byte order mark at the start is dropped.
 * @param name stands in messages
 * @throws ForgeError DATA_INVALID, with the line, when a line is too long or not UTF-8
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Line> {
  let number = 1;
  let pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length > MAX_LINE_BYTES) {
      throw new ForgeError('DATA_INVALID', `${name}:${number}: the line is over ${MAX_LINE_BYTES} bytes`);
    }
    pieces.push(piece);
  };
  const finish = (): Line => {
    const line = { number, text: decode(Buffer.concat(pieces), name, number) };
    [number, pieces, length] = [number + 1, [], 0];
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}

function decode(bytes: Buffer, name: string, number: number): string {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  try {
    // `ignoreBOM` keeps the mark; only the first line may lose one.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: number > 1 }).decode(bytes.subarray(0, end));
  } catch (error) {
    throw new ForgeError('DATA_INVALID', `${name}:${number}: not UTF-8; save the file as UTF-8`, error);
  }
}
