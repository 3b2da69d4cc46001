import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

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
