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

/** Of the largest tensor, in the two bytes of bfloat16 and in the four of the values before they are rounded. */
const LARGEST_BYTES = 8192 * 1024 * 2;
/** Node.js with three threads and the libraries of this project. */
const PROGRAM_BYTES = 220e6;

test.each(['linear', 'ties'])(
  '%s: the peak of memory is set by the largest tensor; a model four times as large needs at most 10 %% more',
  (method) => {
    const [small, large] = [peakBytes(1, method), peakBytes(4, method)];
    expect(large).toBeLessThan(1.1 * small);
    // Two threads with the values of one result each, and two results that wait; all inputs together would be 4 more.
    expect(large).toBeLessThan(PROGRAM_BYTES + LARGEST_BYTES * (2 * 2 + 2) * 1.1);
  },
);
