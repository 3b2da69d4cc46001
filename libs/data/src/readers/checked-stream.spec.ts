import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ForgeError } from '@agent-forge/contracts';
import { checkedData } from './checked-stream.js';
import { readDataSet } from './data-set.js';

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function drain(name: string, bytes: Buffer, size: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of checkedData(name, cut(bytes, size))) parts.push(part);
  return Buffer.concat(parts);
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: unknown) => ForgeError.from(error).code,
  );

describe('a data file that streams', () => {
  const records =
    '{"text":"Zwölf"}\n\n{"prompt":"1+1","completion":"2"}\r\n{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}';
  const cases: [string, string | Buffer][] = [
    ['a.txt', 'Zwölf Boxkämpfer\njagen 犬\n'],
    ['a.jsonl', records],
    ['a.ndjson', `${records}\n`],
    ['a.txt', ''],
    ['a.jsonl', ''],
    ['a.jsonl', '\n\n'],
    ['a.jsonl', `${records}\n{"text":""}`],
    ['a.jsonl', `${records}\n{"text":`],
    ['a.jsonl', 'not JSON\n'],
    ['a.jsonl', Buffer.from('{"text":"\xff"}', 'latin1')],
    ['a.txt', Buffer.from('abc\xff', 'latin1')],
    ['a.txt', 'a\0b'],
    ['a.csv', 'a,b'],
    ['a.parquet', 'PAR1'],
  ];

  test.each(cases)('%s %j is taken or refused as its reader does, and passed on as it is', async (name, text) => {
    const bytes = Buffer.from(text as string);
    const dir = await mkdtemp(join(tmpdir(), 'agent-forge-checked-'));
    try {
      await writeFile(join(dir, name), bytes);
      const expected = await codeOf(readDataSet(join(dir, name)));
      for (const size of [1, 7, 1_000]) {
        expect([size, await codeOf(drain(name, bytes, size))]).toEqual([size, expected]);
        if (expected === 'taken') expect(await drain(name, bytes, size)).toEqual(bytes);
      }
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('is refused by name and line', async () => {
    await expect(drain('b.jsonl', Buffer.from(`${records}\n{"x":1}\n`), 50)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(/^b\.jsonl:5: a record has one of/),
    });
  });
});
