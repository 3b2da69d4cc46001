import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PARTS, splitOf } from '../split.js';
import { blocksOf, examplesOf, readDataSet, requireAllParts } from './data-set.js';
import { readLines, type Line } from './lines.js';
import { MAX_LINE_BYTES } from './limits.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-set-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function lines(bytes: Buffer, chunkSize: number): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of readLines(inChunks(bytes, chunkSize), 'x')) found.push(line);
  return found;
}

describe('lines', () => {
  const bytes = Buffer.from('\ufeffä1\r\n\r\nüb漢er\n\ufefflast');

  test.each([1, 2, 3, 5, 64])('are the same in chunks of %d bytes', async (chunkSize) => {
    expect((await lines(bytes, chunkSize)).map(({ number, text }) => [number, text])).toEqual([
      [1, 'ä1'],
      [2, ''],
      [3, 'üb漢er'],
      [4, '\ufefflast'],
    ]);
  });

  test('a line over the limit is refused before it is whole', async () => {
    let chunks = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('short\n');
      for (;;) {
        chunks += 1;
        yield Buffer.alloc(64 * 1024, 'x');
      }
    }
    const read = async (): Promise<void> => {
      for await (const line of readLines(endless(), 'x')) expect(line.text).toBe('short');
    };
    await expect(read()).rejects.toThrow(`x:2: the line is over ${MAX_LINE_BYTES} bytes`);
    expect(chunks).toBe(MAX_LINE_BYTES / (64 * 1024) + 1);
  });

  test('bytes that are not UTF-8 are refused with their line', async () => {
    await expect(lines(Buffer.from('a\nb\n\xff\n', 'latin1'), 4)).rejects.toThrow('x:3: not UTF-8');
  });
});

describe('readDataSet', () => {
  test('reads text into blocks, with size and digest of the file', async () => {
    const content = 'A line of text.\n\n'.repeat(5000);
    const data = await readDataSet(await file('a.txt', content));
    expect(data).toMatchObject({ sizeBytes: content.length, examples: [] });
    expect(data.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(data.blocks.map((block) => block.text).join('')).toBe(content);
  });

  test('reads JSONL with all forms, skips blank lines, and gives every example one part', async () => {
    const items = Array.from({ length: 200 }, (_, i) => JSON.stringify({ prompt: `q ${i}`, completion: `a ${i}` }));
    const content = `${items.join('\n\n')}\r\n{"text":"running text"}\n`;
    const data = await readDataSet(await file('b.jsonl', content));
    expect(data.blocks).toEqual([{ text: 'running text', part: splitOf('running text') }]);
    expect(data.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(PARTS.flatMap((part) => examplesOf(data, part)).length).toBe(200);
    const keys = PARTS.map((part) => new Set(examplesOf(data, part).map((example) => example.key)));
    for (const key of keys[0]!) expect(keys[1]!.has(key) || keys[2]!.has(key)).toBe(false);
    expect(() => requireAllParts(data)).not.toThrow();
    expect(PARTS.flatMap((part) => blocksOf(data, part)).length).toBe(1);
  });

  test('the same prompt in two spellings is in one part, within and across files', async () => {
    const one = await readDataSet(await file('one.jsonl', '{"prompt":"Who is  it?","completion":"me"}'));
    const other = await readDataSet(await file('other.jsonl', '{"prompt":"who is it? ","completion":"you"}'));
    expect(splitOf(one.examples[0]!.key)).toBe(splitOf(other.examples[0]!.key));
  });

  test.each<[string, string | Buffer, string, string]>([
    ['empty.txt', '', 'DATA_INVALID', 'is empty'],
    ['empty.jsonl', '\n\n', 'DATA_INVALID', 'has no records'],
    ['bad.jsonl', '{"text":"a"}\n{"text":', 'DATA_INVALID', 'bad.jsonl:2: not valid JSON'],
    ['bad.txt', Buffer.from([0x61, 0x0a, 0xc3, 0x28]), 'DATA_INVALID', 'bad.txt:2: not UTF-8'],
    ['table.csv', 'a,b', 'UNSUPPORTED_FORMAT', 'table.csv: data is read as'],
    ['x.json', '[]', 'UNSUPPORTED_FORMAT', 'one record a line'],
  ])('refuses %s', async (name, content, code, message) => {
    const error = await readDataSet(await file(name, content)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('refuses what is not there and what is a folder', async () => {
    await expect(readDataSet(join(folder, 'none.txt'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(readDataSet(folder)).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('a text too small for three parts says so', async () => {
    const data = await readDataSet(await file('small.txt', 'word '.repeat(2000)));
    expect(() => requireAllParts(data)).toThrow(
      /small\.txt: none of its \d blocks of text falls into the \w+ part; add data/,
    );
  });
});
