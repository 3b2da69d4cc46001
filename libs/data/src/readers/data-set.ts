import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { Example, TextBlock } from '../items.js';
import { PARTS, splitOf, type Part } from '../split.js';
import { assertFormat, LINE_FORMATS } from './formats.js';
import { MAX_DATA_FILE_BYTES, MAX_RECORDS } from './limits.js';
import { readLines } from './lines.js';
import { parseRecord } from './record.js';
import { cutText, parseText } from './text.js';

/** A data file that was read: running text, examples, or both. */
export interface DataSet {
  readonly path: string;
  /** Of the file as it is, for the lineage of what is trained on it. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly blocks: readonly TextBlock[];
  readonly examples: readonly Example[];
}

/**
 * Reads a data set: `.jsonl` and `.ndjson` record by record, every other name as plain text.
 * @throws ForgeError FILE_NOT_FOUND, PAYLOAD_TOO_LARGE, UNSUPPORTED_FORMAT, or DATA_INVALID with file and line
 */
export async function readDataSet(path: string): Promise<DataSet> {
  const sizeBytes = await checkFile(path);
  const hash = createHash('sha256');
  const read = LINE_FORMATS.includes(extname(path).toLowerCase()) ? readRecords : readText;
  const content = await read(path, hash).catch((error: unknown) => {
    throw error instanceof ForgeError ? error : cannotRead(path, error);
  });
  return { path, sizeBytes, sha256: hash.digest('hex'), ...content };
}

/** The blocks of one part, in the order of the text. */
export function blocksOf(data: DataSet, part: Part): TextBlock[] {
  return data.blocks.filter((block) => block.part === part);
}

/** The examples of one part, in the order of the file. */
export function examplesOf(data: DataSet, part: Part): Example[] {
  return data.examples.filter((example) => splitOf(example.key) === part);
}

/**
 * Whoever trains and reports needs all three parts.
 * @throws ForgeError DATA_INVALID when a part of the data set is empty
 */
export function requireAllParts(data: DataSet): void {
  const what = data.blocks.length > 0 ? 'blocks of text' : 'examples';
  const count = data.blocks.length + data.examples.length;
  for (const part of PARTS) {
    if (blocksOf(data, part).length + examplesOf(data, part).length > 0) continue;
    const advice = 'add data: with 200 kB of text, or 50 examples, every part almost always has some';
    throw new ForgeError(
      'DATA_INVALID',
      `${data.path}: none of its ${count} ${what} falls into the ${part} part; ${advice}`,
    );
  }
}

type Content = Pick<DataSet, 'blocks' | 'examples'>;

async function readText(path: string, hash: Hash): Promise<Content> {
  const bytes = await readFile(path);
  hash.update(bytes);
  return { blocks: parseText(bytes, path), examples: [] };
}

async function readRecords(path: string, hash: Hash): Promise<Content> {
  const blocks: TextBlock[] = [];
  const examples: Example[] = [];
  let records = 0;
  for await (const { number, text } of readLines(hashed(createReadStream(path), hash), path)) {
    if (text.trim() === '') continue;
    records += 1;
    if (records > MAX_RECORDS) {
      throw new ForgeError('DATA_INVALID', `${path}:${number}: more than ${MAX_RECORDS} records; split the file`);
    }
    const record = parseRecord(text, `${path}:${number}`);
    if ('text' in record) blocks.push(...cutText(Buffer.from(record.text)));
    else examples.push(record.example);
  }
  if (records === 0) throw new ForgeError('DATA_INVALID', `${path} has no records`);
  return { blocks, examples };
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function checkFile(path: string): Promise<number> {
  const file = await stat(path).catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  if (!file.isFile()) throw new ForgeError('DATA_INVALID', `${path} is not a file; name a text or JSONL file`);
  assertFormat(path);
  if (file.size > MAX_DATA_FILE_BYTES) {
    throw new ForgeError('PAYLOAD_TOO_LARGE', `${path} is over ${MAX_DATA_FILE_BYTES} bytes; split the file`);
  }
  return file.size;
}

function cannotRead(path: string, cause: unknown): ForgeError {
  return new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, cause);
}
