import { extname } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { assertFormat, LINE_FORMATS } from './formats.js';
import { MAX_DATA_FILE_BYTES, MAX_RECORDS } from './limits.js';
import { readLines } from './lines.js';
import { parseRecord } from './record.js';

const LINE_FEED = 0x0a;

/**
 * Passes a data file on while checking it as the readers of data sets would, without holding it: records for `.jsonl` and `.ndjson`, plain
 * text for other names. Whoever reads the stream to its end has a file that can be read.
 * @param name of the file, for its format and for messages
 * @throws ForgeError UNSUPPORTED_FORMAT, DATA_INVALID with file and line, PAYLOAD_TOO_LARGE
 */
export async function* checkedData(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  assertFormat(name);
  const check = LINE_FORMATS.includes(extname(name).toLowerCase()) ? checkedRecords : checkedText;
  let sizeBytes = 0;
  for await (const chunk of check(name, source)) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_DATA_FILE_BYTES)
      throw new ForgeError('PAYLOAD_TOO_LARGE', `${name} is over ${MAX_DATA_FILE_BYTES} bytes; split the file`);
    yield chunk;
  }
}

async function* checkedRecords(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // A line may need several chunks: those that came since the last line wait here.
  const arrived: Uint8Array[] = [];
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      arrived.push(chunk);
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    }
  };
  let records = 0;
  for await (const { number, text } of readLines(watched(), name)) {
    if (text.trim() !== '') {
      parseRecord(text, `${name}:${number}`);
      records += 1;
      if (records > MAX_RECORDS)
        throw new ForgeError('DATA_INVALID', `${name}:${number}: more than ${MAX_RECORDS} records; split the file`);
    }
    yield* arrived.splice(0);
  }
  yield* arrived;
  if (records === 0) throw new ForgeError('DATA_INVALID', `${name} has no records`);
}

/**
 * Passes a text on while checking it.
 * @throws ForgeError DATA_INVALID, with about the line, for bytes that are not UTF-8 text, and for an empty text
 */
export async function* checkedText(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let isEmpty = true;
  const refuse = (problem: string, cause?: unknown) => new ForgeError('DATA_INVALID', `${name}: ${problem}`, cause);
  const decode = (chunk?: Uint8Array) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw refuse(`not UTF-8 (in line ${line} or after); save it as UTF-8`, error);
    }
  };
  for await (const chunk of source) {
    if (chunk.includes(0)) throw refuse(`this is no text: a NUL byte in line ${line} or after`);
    decode(chunk);
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) line += 1;
    isEmpty &&= chunk.length === 0;
    yield chunk;
  }
  decode();
  if (isEmpty) throw refuse('the text is empty');
}
