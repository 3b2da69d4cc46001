import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_HEADER_BYTES } from './limits.js';
import { openSafetensors } from './open-safetensors.js';
import { fileOf } from './testing.js';

let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-hostile-'));
  file = join(dir, 'x.safetensors');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const F32 = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const withTensor = (change: object): Buffer => fileOf({ a: { ...F32, ...change } }, 8);
const named = (name: string): Buffer => fileOf(`{${JSON.stringify(name)}:${JSON.stringify(F32)}}`, 8);
const number = (literal: string): Buffer =>
  fileOf(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,${literal}]}}`, 8);
const a = JSON.stringify(F32);

/** Opens the file and gives the refusal; every buffer that opening asks for must be covered by the file. */
async function refusal(
  path = file,
  sizeBytes = Number.POSITIVE_INFINITY,
): Promise<{ code: string; message: string; retry: string }> {
  let asked = 0;
  const allocate = (bytes: number): ArrayBuffer => {
    asked += bytes;
    if (asked > sizeBytes) throw new Error(`asked for ${asked} bytes of a file of ${sizeBytes}`);
    return new ArrayBuffer(bytes);
  };
  return openSafetensors(path, { allocate }).then(
    () => {
      throw new Error('it was opened');
    },
    (error: unknown) => error as { code: string; message: string; retry: string },
  );
}

describe('a file is refused, by the name of the rule, that', () => {
  test.each<[string, Buffer, string]>([
    ['is empty', Buffer.alloc(0), 'empty'],
    ['is shorter than a length', Buffer.alloc(7, 1), 'fewer than the 8'],
    ['has a header of length 0', fileOf('', 0), 'too few'],
    ['has a header of length 1', fileOf('{', 0), 'too few'],
    ['has a header longer than the file', fileOf('{}', 0, 3), 'the file has 10'],
    ['has a header over the limit', fileOf('{}', 0, MAX_HEADER_BYTES + 1), 'at most 25000000'],
    ['has a header of 2^53 bytes', fileOf('{}', 0, 2n ** 53n), 'at most'],
    ['has a header of 2^53 + 1 bytes', fileOf('{}', 0, 2n ** 53n + 1n), '9007199254740993'],
    ['has a header of 2^64 - 1 bytes', fileOf('{}', 0, 2n ** 64n - 1n), 'at most'],
    ['does not begin with {', fileOf('[]', 0), 'begin with {'],
    ['begins with a space', fileOf(' {}', 0), 'begin with {'],
    ['begins with a byte-order mark', fileOf('\ufeff{}', 0), 'begin with {'],
    ['is not UTF-8', fileOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x7b, 0x7d, 0x7d]), 0), 'not UTF-8'],
    ['has overlong UTF-8', fileOf(Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x7b, 0x7d, 0x7d]), 0), 'not UTF-8'],
    [
      'has a surrogate in UTF-8',
      fileOf(Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x7b, 0x7d, 0x7d]), 0),
      'not UTF-8',
    ],
    ['has half a surrogate pair', fileOf('{"\\ud800":{}}', 0), 'surrogate'],
    ['is cut inside the header', fileOf(`{"a":${a}`, 8), 'not closed'],
    ['is followed by something inside the header', fileOf(`{"a":${a}}x`, 8), 'spaces'],
    ['is padded with line ends', fileOf(`{"a":${a}}\n\n`, 8), 'spaces'],
    ['is padded with NUL', fileOf(`{"a":${a}}\0\0`, 8), 'spaces'],
    ['has a comma too many', fileOf(`{"a":${a},}`, 8), 'a key is missing'],
    ['has a comment', fileOf(`{/**/"a":${a}}`, 8), 'a key is missing'],
    ['has a literal that is none', fileOf('{"a":nul}', 8), 'no JSON value'],
    ['has an unknown escape', fileOf('{"\\x41":{}}', 8), 'escape'],
    ['has a raw control character in a name', fileOf('{"a\n":{}}', 8), 'control character'],
    ['has trailing bytes', fileOf({ a: F32 }, 9), '1 bytes follow'],
    [
      'is a polyglot with a zip behind it',
      Buffer.concat([fileOf({ a: F32 }, 8), Buffer.from('PK\x03\x04zip')]),
      'follow the last tensor',
    ],
    ['is cut short', fileOf({ a: F32 }, 7), 'cut short'],
    ['has data and no tensors', fileOf('{}', 4), '4 bytes follow'],
    ['has a name twice', fileOf(`{"a":${a},"a":${a}}`, 8), 'stands twice'],
    ['has a name twice, once escaped', fileOf(`{"a":${a},"\\u0061":${a}}`, 8), 'stands twice'],
    [
      'has a key of a tensor twice',
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8),
      'stands twice',
    ],
    ['has __metadata__ twice', fileOf(`{"__metadata__":{},"__metadata__":{},"a":${a}}`, 8), 'stands twice'],
    ['has a tensor called __proto__', named('__proto__'), 'reserved'],
    ['has a tensor called constructor', named('constructor'), 'reserved'],
    [
      'has __proto__ inside a tensor',
      fileOf('{"a":{"__proto__":{},"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8),
      '"__proto__" is unknown',
    ],
    ['has NUL in a name', named('a\0b'), 'control character'],
    ['has no name', named(''), 'empty'],
    ['has a name that climbs', named('../../etc/passwd'), 'climbs'],
    ['has a name that climbs on Windows', named('a\\..\\b'), 'climbs'],
    ['has a name without end', named('x'.repeat(2000)), 'longer than'],
    ['has the 8-bit form of an escape in a name', named('a\u009b31m'), '"a\\u009b31m" has a control character'],
    ['has a name that turns the direction of writing', named('a\u202eb'), 'invisible'],
    ['has a name with a zero-width space', named('a\u200bb'), 'invisible'],
    ['has a name with a line separator', named('a\u2028b'), 'invisible'],
    ['has a huge name twice', fileOf(`{"${'x'.repeat(1e6)}":${a},"${'x'.repeat(1e6)}":${a}}`, 8), 'stands twice'],
    ['has a huge dtype', withTensor({ dtype: 'x'.repeat(1e6) }), 'unknown'],
    ['has a huge key', withTensor({ ['x'.repeat(1e6)]: 1 }), 'unknown'],
    ['has a huge key in its metadata', fileOf({ __metadata__: { ['x'.repeat(1e6)]: 1 } }), 'not a text'],
    ['has control characters in its dtype', withTensor({ dtype: '\u009b\u202e' }), '"\\u009b\\u202e" is unknown'],
    ['has a negative offset', number('-8'), 'plain whole number'],
    ['has a negative zero', fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[-0,0]}}', 0), 'plain whole number'],
    ['has a fractional offset', number('8.5'), 'plain whole number'],
    ['has a whole number written as a fraction', number('8.0'), 'plain whole number'],
    ['has a number with an exponent', number('8e0'), 'plain whole number'],
    ['has 1e3', fileOf('{"a":{"dtype":"F32","shape":[250],"data_offsets":[0,1e3]}}', 1000), 'plain whole number'],
    ['has a number with a leading zero', number('08'), 'plain whole number'],
    ['has 1e400', number('1e400'), 'plain whole number'],
    ['has 2^53', number('9007199254740992'), 'plain whole number'],
    ['has a number of a thousand digits', number('9'.repeat(1000)), 'plain whole number'],
    ['has an offset that is a text', number('"8"'), 'not a list of whole numbers'],
    ['has an offset that is null', number('null'), 'not a list of whole numbers'],
    ['has an offset that is a list', number('[8]'), 'nested'],
    ['has one offset', withTensor({ data_offsets: [8] }), 'two numbers'],
    ['has three offsets', withTensor({ data_offsets: [0, 8, 8] }), 'two numbers'],
    ['has offsets that run backwards', withTensor({ data_offsets: [8, 0] }), 'backwards'],
    ['has offsets outside the file', withTensor({ shape: [200], data_offsets: [0, 800] }), 'cut short'],
    ['has tensors that overlap', fileOf({ a: F32, b: { ...F32, data_offsets: [4, 12] } }, 12), 'overlaps'],
    ['has the same bytes twice', fileOf({ a: F32, b: F32 }, 8), 'overlaps'],
    ['has a hole', fileOf({ a: F32, b: { ...F32, data_offsets: [12, 20] } }, 20), 'hole of 4'],
    ['has a hole at the beginning', withTensor({ data_offsets: [8, 16] }), 'hole of 8'],
    ['has a shape that is larger than the span', withTensor({ shape: [3] }), 'needs 12 bytes'],
    ['has a shape that is smaller than the span', withTensor({ shape: [1] }), 'needs 4 bytes'],
    ['has a shape whose product overflows', withTensor({ shape: [2 ** 31, 2 ** 31, 2 ** 31] }), 'overflows'],
    ['has a shape whose product wraps to the span', withTensor({ shape: [2 ** 32, 2 ** 32, 2] }), 'overflows'],
    ['has a shape whose size in bits overflows', withTensor({ shape: [2 ** 24, 2 ** 25] }), 'overflows'],
    ['has a dimension over the limit', withTensor({ shape: [0, 2 ** 33] }), 'larger than'],
    ['has a rank over the limit', withTensor({ shape: Array.from({ length: 17 }, () => 1) }), '17 dimensions'],
    ['has no shape', withTensor({ shape: undefined }), 'shape is not'],
    ['has a shape that is a number', withTensor({ shape: 2 }), 'shape is not'],
    ['has no dtype', withTensor({ dtype: undefined }), 'dtype null is unknown'],
    ['has an unknown dtype', withTensor({ dtype: 'F31' }), '"F31" is unknown'],
    ['has a dtype that is a method', withTensor({ dtype: 'toString' }), 'unknown'],
    ['has half a byte', withTensor({ dtype: 'F4', shape: [15], data_offsets: [0, 8] }), 'whole bytes'],
    ['has a tensor that is no object', fileOf({ a: 7 }, 8), 'not an object'],
    ['has a tensor that is null', fileOf({ a: null }, 8), 'not an object'],
    ['has a key that is unknown', withTensor({ extra: 1 }), '"extra" is unknown'],
    ['has metadata that is a number', fileOf({ __metadata__: { a: 1 } }, 0), 'not a text'],
    ['has metadata that is a list', fileOf({ __metadata__: [] }, 0), '__metadata__ is not'],
    ['is a nesting bomb', fileOf(`{"a":${'['.repeat(100_000)}`, 0), 'nested'],
    ['is a nesting bomb of objects', fileOf('{"a":'.repeat(100_000), 0), 'nested'],
  ])('%s', async (_, bytes, rule) => {
    await writeFile(file, bytes);
    const error = await refusal(file, bytes.length);
    expect(error).toMatchObject({ code: 'SAFETENSORS_INVALID', retry: 'permanent' });
    expect(error.message).toContain(rule);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(error.message.length).toBeLessThan(400);
  });

  test.each([
    [100_001, '100001 tensors; at most 100000'],
    [1_000_000, 'more than 100001 entries'],
  ])('has %i tensors', async (count, rule) => {
    const entries = Array.from({ length: count }, (_, i) => `"${i}":${count > 100_001 ? '0' : '{}'}`);
    const bytes = fileOf(`{${entries.join(',')}}`, 0);
    await writeFile(file, bytes);
    expect((await refusal(file, bytes.length)).message).toContain(rule);
  });

  test('claims a header that a sparse file covers, without allocating it twice', async () => {
    await writeFile(file, fileOf('{}', 0, MAX_HEADER_BYTES));
    await truncate(file, 8 + MAX_HEADER_BYTES);
    expect((await refusal(file, MAX_HEADER_BYTES)).code).toBe('SAFETENSORS_INVALID');
  });
});

describe('a file in disguise is refused as what it is', () => {
  const tar = Buffer.alloc(1024);
  tar.write('model.safetensors', 0);
  tar.write('ustar', 257);
  test.each<[string, Buffer]>([
    ['a Python pickle', Buffer.from([0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0x2e])],
    ['a Python pickle', Buffer.concat([Buffer.from([0x80, 2]), Buffer.from('}q\0(X\x04\0\0\0rank')])],
    ['a zip archive', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)])],
    ['gzip data', gzipSync(Buffer.alloc(5000))],
    ['a GGUF file', Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), Buffer.alloc(100)])],
    ['a tar archive', tar],
    ['an HTML or XML page', Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>')],
    ['an HTML or XML page', Buffer.from('\n  <html>')],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n')],
    ['a NumPy array', Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY\x01\0v\0')])],
    ['an HDF5 file', Buffer.concat([Buffer.from([0x89]), Buffer.from('HDF\r\n\x1a\n')])],
  ])('%s', async (what, bytes) => {
    await writeFile(file, bytes);
    const error = await refusal(file, 0);
    expect(error).toMatchObject({ code: 'UNSUPPORTED_FORMAT', retry: 'permanent' });
    expect(error.message).toContain(what);
  });

  test('and a safetensors file whose length happens to look like gzip is read', async () => {
    const length = 0x8b1f;
    const bytes = fileOf(JSON.stringify({ a: F32 }).padEnd(length), 8);
    expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    await writeFile(file, bytes);
    expect((await openSafetensors(file)).tensors.size).toBe(1);
  });
});

describe('a path is refused that', () => {
  test('does not exist, or goes through a file', async () => {
    expect((await refusal(join(dir, 'none'))).code).toBe('FILE_NOT_FOUND');
    await writeFile(file, fileOf('{}'));
    expect((await refusal(join(file, 'x'))).code).toBe('FILE_NOT_FOUND');
  });

  test.each([
    ['has NUL in it', 'a\0b', 'INVALID_ARGUMENT'],
    ['has a name that is too long', 'x'.repeat(5000), 'INVALID_ARGUMENT'],
    ['is a link to itself', 'loop', 'FILE_NOT_FOUND'],
  ])('%s', async (_, name, code) => {
    await symlink('loop', join(dir, 'loop')).catch(() => undefined);
    for (const path of [join(dir, name), join(dir, name, 'x')]) {
      const error = await refusal(path);
      expect(error).toMatchObject({ code, retry: 'permanent' });
      expect(error.message.length).toBeLessThan(400);
      expect(error.message).not.toContain('\0');
    }
  });

  test('is a pipe or a device, without waiting for it', async () => {
    const pipe = join(dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await refusal(pipe)).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await refusal('/dev/zero')).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
