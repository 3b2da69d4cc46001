import type { SafetensorsHeader } from './header.js';
import { DTYPE_BITS } from './dtype.js';

/** Test tool: a safetensors file out of any header, true or false, and data. */
export function fileOf(header: unknown, data: Uint8Array | number = 0, lengthSays?: number | bigint): Buffer {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(lengthSays ?? json.length));
  return Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data, 0x3c) : data]);
}

/** Test tool: checks from the outside what a parsed header promises. */
export function assertConsistent({ tensors }: Pick<SafetensorsHeader, 'tensors'>, sizeBytes: number): void {
  let total = 0;
  for (const [name, { dtype, shape, offsetBytes, sizeBytes: size }] of tensors) {
    const bits = shape.reduce((product, n) => product * BigInt(n), BigInt(DTYPE_BITS[dtype]));
    if (bits !== 8n * BigInt(size))
      throw new Error(`${name} has ${size} bytes and the shape ${shape.join('x')} of ${dtype}`);
    if (offsetBytes < 0 || offsetBytes + size > sizeBytes) throw new Error(`${name} lies outside the file`);
    total += size;
  }
  if (total > sizeBytes - 8) throw new Error('tensors overlap');
}
