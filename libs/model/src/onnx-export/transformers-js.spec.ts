import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addSubNorms } from '../ternary/sub-norms.js';
import { randomModel } from '../ternary/testing.js';
import { TokenGenerator } from '../generation/token-generator.js';
import { OnnxDecoder } from './onnx-decoder.js';
import type { OnnxEncoding } from './encoding.js';
import { writeOnnxFolder } from './write-onnx-folder.js';

const PROGRAM = fileURLToPath(new URL('transformers-js.js', import.meta.url));
const PROMPT = [1, 200, 17, 3, 9, 101, 44];
const TOKENS = 12;
const ENCODINGS: readonly OnnxEncoding[] = ['fp32', 'q4', 'q2'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-tjs-'));
  await writeOnnxFolder(join(dir, 'plain'), randomModel(), { encodings: ENCODINGS });
  await writeOnnxFolder(join(dir, 'sub-norms'), addSubNorms(randomModel()));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function theirs(name: string, encoding: OnnxEncoding | ''): Promise<number[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    PROGRAM,
    dir,
    name,
    encoding,
    String(TOKENS),
    JSON.stringify(PROMPT),
  ]);
  return (JSON.parse(stdout) as number[]).slice(PROMPT.length);
}

async function ours(name: string, encoding: OnnxEncoding): Promise<number[]> {
  const decoder = await OnnxDecoder.open(join(dir, name), encoding, { threads: 1 });
  const generator = new TokenGenerator(decoder, 1);
  const ids: number[] = [];
  for await (const { tokenId } of generator.generate([PROMPT], { maxTokens: TOKENS, temperature: 0 }))
    ids.push(tokenId);
  await generator.release();
  return ids;
}

describe('transformers.js in Node.js', () => {
  test.each(ENCODINGS)('generates from %s what we do', async (encoding) => {
    const found = await theirs('plain', encoding);
    expect(found.length).toBeGreaterThan(0);
    expect(found).toEqual(await ours('plain', encoding));
  });

  test('finds the folder’s encoding by itself, and knows a model with sub-norms', async () => {
    expect(await theirs('sub-norms', '')).toEqual(await ours('sub-norms', 'q2'));
  });
});
