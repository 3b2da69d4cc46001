import { readFileSync } from 'node:fs';
import type { Operand } from './operand.js';

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** Float64 and int64 tensors of a file of ours in `fixtures/`: just what these tests need of the safetensors format. */
export function readFixture(name: string): Record<string, Operand> {
  const bytes = readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<string, Entry>;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        const values: number[] = [];
        for (let at = headerEnd + start; at < headerEnd + end; at += 8) {
          values.push(dtype === 'I64' ? Number(bytes.readBigInt64LE(at)) : bytes.readDoubleLE(at));
        }
        return [key, { shape, values, ...(dtype === 'I64' ? { dtype: 'int64' as const } : {}) }];
      },
    ),
  );
}
