import { describe, expect, test } from '@jest/globals';
import { decodeManifest, encodeManifest, type Manifest } from './artifacts.js';

const digest = 'ab'.repeat(32);
const manifest: Manifest = {
  version: 1,
  kind: 'model',
  files: [{ name: 'config.json', digest, sizeBytes: 2 }],
  lineage: {
    parents: [digest],
    data: [],
    phase: 'cognate',
    params: { steps: 5 },
    seed: 1,
    codeVersion: 'test',
    metrics: { loss: 0.5 },
  },
};

describe('a manifest', () => {
  test('is named by the SHA-256 of its canonical JSON', () => {
    const { id, bytes } = encodeManifest(manifest);
    expect(decodeManifest(id, bytes)).toEqual(manifest);
    const reordered = {
      ...manifest,
      lineage: Object.fromEntries(Object.entries(manifest.lineage).reverse()),
    } as Manifest;
    expect(encodeManifest(reordered).id).toBe(id);
    expect(encodeManifest({ ...manifest, kind: 'report' }).id).not.toBe(id);
  });

  test('that does not have the digest it is named by is refused', () => {
    const { id, bytes } = encodeManifest(manifest);
    const flipped = Uint8Array.from(bytes);
    flipped[5]! ^= 1;
    expect(() => decodeManifest(id, flipped)).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }));
    expect(() => decodeManifest(digest, bytes)).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }));
  });

  const file = (name: string) => ({ name, digest, sizeBytes: 1 });
  test.each<[string, unknown]>([
    ['a path upwards', { ...manifest, files: [file('../passwd')] }],
    ['an absolute path', { ...manifest, files: [file('/etc/passwd')] }],
    ['a hidden file', { ...manifest, files: [file('a/.env')] }],
    ['a backslash', { ...manifest, files: [file('a\\b')] }],
    ['a name with NUL', { ...manifest, files: [file('a\u0000')] }],
    ['no file', { ...manifest, files: [] }],
    ['a file twice', { ...manifest, files: [file('a'), file('a')] }],
    ['files in disorder', { ...manifest, files: [file('b'), file('a')] }],
    ['a size below zero', { ...manifest, files: [{ ...file('a'), sizeBytes: -1 }] }],
    ['a digest that is none', { ...manifest, files: [{ ...file('a'), digest: 'AB'.repeat(32) }] }],
    ['an unknown kind', { ...manifest, kind: 'program' }],
    ['an unknown field', { ...manifest, run: 'rm -rf' }],
    ['another version', { ...manifest, version: 2 }],
    ['a metric that is no number', { ...manifest, lineage: { ...manifest.lineage, metrics: { loss: 'low' } } }],
    ['a metric that is NaN', { ...manifest, lineage: { ...manifest.lineage, metrics: { loss: Number.NaN } } }],
  ])('with %s is refused', (_, value) => {
    expect(() => encodeManifest(value as Manifest)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('manifest is refused') }),
    );
  });
});
