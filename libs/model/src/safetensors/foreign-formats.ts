import { ForgeError } from '@agent-forge/contracts/core';

interface Signature {
  readonly what: string;
  readonly bytes: string;
  readonly at?: number;
}

/** First bytes of what people mistake for, or disguise as, safetensors. Some of these formats run code when opened. */
const SIGNATURES: readonly Signature[] = [
  { what: 'a zip archive (PyTorch saves such files; they hold pickled code)', bytes: 'PK\x03\x04' },
  { what: 'a zip archive', bytes: 'PK\x05\x06' },
  { what: 'a Python pickle, which runs code when opened', bytes: '\x80\x02' },
  { what: 'a Python pickle, which runs code when opened', bytes: '\x80\x03' },
  { what: 'a Python pickle, which runs code when opened', bytes: '\x80\x04' },
  { what: 'a Python pickle, which runs code when opened', bytes: '\x80\x05' },
  { what: 'a PDF document', bytes: '%PDF-' },
  { what: 'a program (ELF)', bytes: '\x7fELF' },
  { what: 'a PNG image', bytes: '\x89PNG' },
  { what: 'a JPEG image', bytes: '\xff\xd8\xff' },
  { what: 'a Parquet file', bytes: 'PAR1' },
  { what: 'bzip2 data', bytes: '1AY&SY', at: 4 },
  { what: 'gzip data', bytes: '\x1f\x8b' },
  { what: 'zstd data', bytes: '\x28\xb5\x2f\xfd' },
  { what: 'xz data', bytes: '\xfd7zXZ\x00' },
  { what: 'a GGUF file', bytes: 'GGUF' },
  { what: 'an HDF5 file', bytes: '\x89HDF' },
  { what: 'a NumPy array', bytes: '\x93NUMPY' },
  { what: 'a tar archive', bytes: 'ustar', at: 257 },
  { what: 'a Git LFS pointer (fetch the file itself with git lfs pull)', bytes: 'version https://git-lfs' },
];

/** Bytes at the beginning of a file that are looked at. */
export const SIGNATURE_BYTES = 512;

/** Names the format that the first bytes of a file belong to, or null. Ask only when the file is not safetensors. */
export function foreignFormat(first: Uint8Array): string | null {
  const text = Buffer.from(first.buffer, first.byteOffset, first.length).toString('latin1');
  const hit = SIGNATURES.find(({ bytes, at = 0 }) => text.startsWith(bytes, at));
  if (hit !== undefined) return hit.what;
  return /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|head|body)/i.test(text) ? 'an HTML or XML page' : null;
}

export function unsupportedFormat(path: string, what: string): ForgeError {
  return new ForgeError(
    'UNSUPPORTED_FORMAT',
    `${path} is ${what}, not a safetensors file; only safetensors files are read`,
  );
}
