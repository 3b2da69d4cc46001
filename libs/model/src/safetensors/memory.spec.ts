import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { MAX_HEADER_BYTES } from './limits.js';
import { fileOf } from './testing.js';

const HEADER_PROBE = fileURLToPath(new URL('./header-probe.js', import.meta.url));
const PROBE = fileURLToPath(new URL('./memory-probe.js', import.meta.url));
const TENSOR_BYTES = 16 * 2 ** 20;
/** As float32 a bfloat16 tensor takes twice its size. */
const IN_MEMORY = 2 * TENSOR_BYTES;
const dir = mkdtempSync(join(tmpdir(), 'forge-memory-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function peakBytes(tensors: number, copy: boolean): number {
  const paths = [join(dir, 'x.safetensors'), ...(copy ? [join(dir, 'y.safetensors')] : [])];
  const [path, target = ''] = paths;
  return Number(
    execFileSync(process.execPath, [PROBE, path!, String(tensors), String(TENSOR_BYTES), target], { encoding: 'utf8' }),
  );
}

test.each([
  ['reading', false],
  ['copying', true],
])('peak memory of %s does not grow with the file, only with the largest tensor', (_, copy) => {
  const [small, large] = [peakBytes(6, copy), peakBytes(24, copy)];
  // It must be visible at all, or this would measure nothing.
  expect(small).toBeGreaterThan(IN_MEMORY * 0.9);
  // The file is four times as large, by 18 tensors. How many dead buffers wait for collection varies a little.
  expect(large - small).toBeLessThan(2 * IN_MEMORY);
});

/** Fills a header up to its limit. */
function filled(begin: string, piece: (i: number) => string, end: string): string {
  const parts = [begin];
  let length = begin.length + end.length;
  for (let i = 0; ; i++) {
    const next = piece(i);
    if (length + next.length > MAX_HEADER_BYTES) return parts.join('') + end;
    parts.push(next);
    length += next.length;
  }
}

describe('in a heap of eight times its size the largest header is refused, not fatal, that is full of', () => {
  const HEAP_MIB = Math.ceil((8 * MAX_HEADER_BYTES) / 2 ** 20);
  const name = (i: number): string => i.toString(36);
  test.each([
    ['empty objects', '{"a":[', () => '{},'.repeat(1000), '{}]}'],
    ['empty lists', '{"a":{"shape":[', () => '[],'.repeat(1000), '[]]}}'],
    ['numbers', '{"a":{"shape":[', () => '0,'.repeat(1000), '0]}}'],
    ['lists of numbers', '{', (i: number) => `"${name(i)}":{"shape":[${'0,'.repeat(400)}0]},`, '"!":0}'],
    ['names', '{', (i: number) => `"${name(i)}":0,`, '"!":0}'],
    ['tensors', '{', (i: number) => `"${name(i)}":{},`, '"!":{}}'],
    ['keys of a tensor', '{"a":{', (i: number) => `"${name(i)}":0,`, '"!":0}}'],
    ['metadata', '{"__metadata__":{', (i: number) => `"${name(i)}":"",`, '"!":""}}'],
    ['escapes', '{"', () => '\\u0061'.repeat(1000), '":0}'],
  ])('%s', (_, begin, piece, end) => {
    const path = join(dir, 'bomb.safetensors');
    writeFileSync(path, fileOf(filled(begin, piece, end)));
    const code = execFileSync(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, HEADER_PROBE, path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(code).toBe('SAFETENSORS_INVALID');
  });
});
