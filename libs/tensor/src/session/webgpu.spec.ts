import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { WebgpuReport } from '../testing/webgpu-child.js';

/** Where Debian's chromium package keeps its software Vulkan driver. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
/** A software device compiles every kernel at its first use; with other work on the machine that takes a while. */
const CHILD_LIMIT_MS = 300_000;
/** float32 on both sides, summed in another order. */
const TOLERANCE = 1e-4;

async function askChild(): Promise<WebgpuReport> {
  const child = fileURLToPath(new URL('../testing/webgpu-child.js', import.meta.url));
  const driver = process.env['VK_ICD_FILENAMES'] ?? (existsSync(SWIFTSHADER) ? SWIFTSHADER : undefined);
  const env = driver ? { ...process.env, VK_ICD_FILENAMES: driver } : process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [child], { env, timeout: CHILD_LIMIT_MS });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as WebgpuReport;
}

const report = await askChild();

if ('missing' in report) {
  process.stderr.write(`webgpu tests skipped: ${report.missing}\n`);
  test.skip(`webgpu (skipped: ${report.missing})`, () => undefined);
} else {
  describe('webgpu', () => {
    test('computes every value of a forward and backward pass as cpu does', () => {
      expect(Object.keys(report.values).length).toBeGreaterThan(100);
      const wrong = Object.entries(report.values).filter(([, difference]) => !(difference < TOLERANCE));
      expect(wrong).toEqual([]);
    });

    test('trains to the same losses and parameters as cpu, in loops inside loops', () => {
      const { cpu, webgpu } = report.losses;
      expect(cpu).toHaveLength(8);
      cpu.forEach((loss, i) => expect(Math.abs(webgpu[i]! - loss) / loss).toBeLessThan(TOLERANCE));
      expect(cpu.at(-1)!).toBeLessThan(cpu[0]!);
      for (const difference of Object.values(report.parameters)) expect(difference).toBeLessThan(TOLERANCE);
    });
  });
}
