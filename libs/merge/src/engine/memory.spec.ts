import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const PROBE = fileURLToPath(new URL('./memory-probe.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'forge-merge-memory-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const peakBytes = (layers: number, method: string): number =>
  Number(execFileSync(process.execPath, [PROBE, dir, String(layers), method], { encoding: 'utf8' }));

/** Of the largest tensor, in bfloat16. */
const LARGEST_BYTES = 8192 * 1024 * 2;
/** Node.js with three threads and the libraries of this project: 150 to 165 MB, as the collector of garbage happens to run. */
const PROGRAM_BYTES = 180e6;

test.each([
  // Two results that wait to be written.
  ['linear', 2],
  // Each of two threads has a list of values as well, which are all equal here, so that it is as long as can be.
  ['ties', 2 + 2 * 2],
])(
  '%s: the peak of memory is set by the largest tensor; a model four times as large needs at most 10 %% more',
  (method, tensors) => {
    const [small, large] = [peakBytes(1, method), peakBytes(4, method)];
    expect(large).toBeLessThan(1.1 * small);
    expect(large).toBeLessThan(PROGRAM_BYTES + tensors * LARGEST_BYTES);
  },
);
