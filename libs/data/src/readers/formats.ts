import { extname } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';

/** Names of files that have one record a line. */
export const LINE_FORMATS: readonly string[] = ['.jsonl', '.ndjson'];
const OTHER_FORMATS: readonly string[] = [
  '.json',
  '.csv',
  '.tsv',
  '.parquet',
  '.gz',
  '.zip',
  '.zst',
  '.xz',
  '.bz2',
  '.pdf',
];

/** @throws ForgeError UNSUPPORTED_FORMAT for names of files that are neither text nor records */
export function assertFormat(path: string): void {
  if (!OTHER_FORMATS.includes(extname(path).toLowerCase())) return;
  throw new ForgeError(
    'UNSUPPORTED_FORMAT',
    `${path}: data is read as plain UTF-8 text or as .jsonl, one record a line`,
  );
}
