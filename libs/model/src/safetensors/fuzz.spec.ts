import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForgeError, Rng } from '@agent-forge/contracts';
import { afterAll, expect, test } from '@jest/globals';
import { mutate } from './mutate.js';
import { SafetensorsFile } from './safetensors-file.js';
import { assertConsistent, fileOf } from './testing.js';

const MUTANTS = 12_000;
const dir = mkdtempSync(join(tmpdir(), 'forge-fuzz-'));
const file = join(dir, 'mutant.safetensors');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const VALID: readonly Buffer[] = [
  fileOf({ a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] } }, 24),
  fileOf(
    {
      __metadata__: { format: 'pt', note: 'grün "1"' },
      'layers.0.weight': { dtype: 'BF16', shape: [4, 2], data_offsets: [0, 16] },
      scalar: { dtype: 'F64', shape: [], data_offsets: [16, 24] },
      none: { dtype: 'F32', shape: [0, 7], data_offsets: [24, 24] },
      'layers.1.weight': { dtype: 'F16', shape: [3], data_offsets: [24, 30] },
      mask: { dtype: 'BOOL', shape: [2], data_offsets: [30, 32] },
      ids: { dtype: 'I64', shape: [2], data_offsets: [32, 48] },
    },
    48,
  ),
  fileOf(
    `${JSON.stringify({ x: { dtype: 'F4', shape: [16], data_offsets: [0, 8] }, y: { dtype: 'U8', shape: [1], data_offsets: [8, 9] } })}   `,
    9,
  ),
];

/** Opens and reads everything. @returns how many tensors there are, or the refusal */
async function readAll(sizeBytes: number): Promise<number | ForgeError> {
  let askedBytes = 0;
  let limitBytes = sizeBytes;
  const allocate = (bytes: number): ArrayBuffer => {
    askedBytes += bytes;
    if (askedBytes > limitBytes) throw new Error(`asked for ${askedBytes} bytes of a file of ${sizeBytes}`);
    return new ArrayBuffer(bytes);
  };
  try {
    const opened = await SafetensorsFile.open(file, { allocate });
    assertConsistent(opened, sizeBytes);
    // Halves widen to float32, which is the only way to twice the size of the file.
    limitBytes = 2 * sizeBytes;
    askedBytes = 0;
    for (const [name, { dtype, shape }] of opened.tensors) {
      if (dtype.startsWith('F4') || dtype.startsWith('F6') || dtype.startsWith('F8') || dtype === 'C64') continue;
      const { data } = await opened.readTyped(name);
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    }
    return opened.tensors.size;
  } catch (error) {
    if (error instanceof ForgeError) return error;
    throw error;
  }
}

test(`${MUTANTS} mutants of valid files are read consistently or refused for good, within the size of the file`, async () => {
  const rng = Rng.derive(20_261_123, 'safetensors-fuzz');
  const refusals = new Map<string, number>();
  let accepted = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const bytes = mutate(rng.pick(VALID), rng);
    writeFileSync(file, bytes);
    const result = await readAll(bytes.length);
    if (typeof result === 'number') {
      accepted++;
      continue;
    }
    expect(result.retry).toBe('permanent');
    expect(['SAFETENSORS_INVALID', 'UNSUPPORTED_FORMAT']).toContain(result.code);
    expect(result.message).not.toMatch(/[\n\0]/);
    const rule = result.message.replace(/^.*safetensors file: /, '').replace(/"[^"]*"|\d+/g, '#');
    refusals.set(rule, (refusals.get(rule) ?? 0) + 1);
  }
  // The mutants reach deep: many are still valid, and the others break many different rules.
  expect(accepted).toBeGreaterThan(MUTANTS / 50);
  expect(accepted).toBeLessThan(MUTANTS / 2);
  expect(refusals.size).toBeGreaterThan(30);
});

test('the unchanged files are read', async () => {
  for (const bytes of VALID) {
    writeFileSync(file, bytes);
    expect(await readAll(bytes.length)).toBeGreaterThan(0);
  }
});
