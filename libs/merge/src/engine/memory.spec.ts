import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const PROBE = fileURLToPath(new URL('./memory-probe.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'forge-merge-memory-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const peakBytes = (method: string, layers: number, rows: number): number =>
  Number(execFileSync(process.execPath, [PROBE, dir, method, String(layers), String(rows)], { encoding: 'utf8' }));

const ROWS = 8192;
/** Of the largest tensor, in bfloat16; each of four models of four layers has fourteen of them. */
const LARGEST_BYTES = ROWS * 1024 * 2;
/** What the program itself needs is measured in the same run, with tensors this much smaller. */
const SMALLER = 64;
/** Resident memory of Node.js with three threads varies by so much from one run to the next (garbage not yet collected). */
const NOISE_BYTES = 40e6;

test.each([
  // Two results that wait to be written.
  ['linear', 2],
  // Each of two threads has a list of values as well, which are all equal here, so that it is as long as can be.
  ['ties', 2 + 2 * 2],
])(
  '%s: the peak of memory is set by the largest tensor; a model four times as large needs at most 10 %% more',
  (method, tensors) => {
    const program = peakBytes(method, 1, ROWS / SMALLER);
    const [small, large] = [peakBytes(method, 1, ROWS), peakBytes(method, 4, ROWS)];
    expect(large).toBeLessThan(1.1 * small);
    expect(large - program).toBeLessThan(tensors * LARGEST_BYTES + NOISE_BYTES);
  },
);
