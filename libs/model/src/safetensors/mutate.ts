import type { Rng } from '@agent-forge/contracts';

/** Literals at the edges of what readers get wrong. */
const NUMBERS = [
  '0',
  '1',
  '-1',
  '-0',
  '7',
  '8',
  '1e3',
  '1.0',
  '2147483647',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551615',
  '1e400',
];
const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ' ',
  '\\',
  '\\u0000',
  '\0',
  'null',
  '[]',
  '{}',
  '"F32"',
  '"F16"',
  '"U8"',
  '"F4"',
  '"__proto__":{},',
  '"__metadata__":{},',
  '\ud83d',
  '\xff',
];

type Mutation = (bytes: Buffer, rng: Rng) => Buffer;

const headerEnd = (bytes: Buffer): number => Math.min(bytes.length, 8 + Number(bytes.readBigUInt64LE(0) & 0xffffn));

/** Changes the JSON as text and says its new length, so that what is wrong is inside. */
function editHeader(bytes: Buffer, edit: (json: string) => string): Buffer {
  const end = headerEnd(bytes);
  const json = Buffer.from(edit(bytes.subarray(8, end).toString('latin1')), 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, bytes.subarray(end)]);
}

const splice = (text: string, at: number, remove: number, insert: string): string =>
  text.slice(0, at) + insert + text.slice(at + remove);

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, rng) {
    const copy = Buffer.from(bytes);
    const at = rng.int(copy.length);
    copy[at] = copy[at]! ^ (1 << rng.int(8));
    return copy;
  },
  function flipHeaderBit(bytes, rng) {
    const copy = Buffer.from(bytes);
    const at = rng.int(headerEnd(bytes));
    copy[at] = copy[at]! ^ (1 << rng.int(8));
    return copy;
  },
  function truncate(bytes, rng) {
    return bytes.subarray(0, rng.int(bytes.length));
  },
  function extend(bytes, rng) {
    return Buffer.concat([bytes, Buffer.alloc(1 + rng.int(64), rng.int(256))]);
  },
  function changeLength(bytes, rng) {
    const copy = Buffer.from(bytes);
    copy.writeBigUInt64LE(
      BigInt(
        rng.pick(
          [0, 1, 2, bytes.length, bytes.length - 8, headerEnd(bytes) - 8 + rng.int(17) - 8].map((n) => Math.max(0, n)),
        ),
      ),
    );
    return copy;
  },
  function changeNumber(bytes, rng) {
    return editHeader(bytes, (json) => {
      const hit = rng.pick([...json.matchAll(/\d+/g)]);
      const near = String(Number(hit[0]) + rng.int(9) - 4);
      return splice(json, hit.index, hit[0].length, rng.int(2) === 0 ? near : rng.pick(NUMBERS));
    });
  },
  function insertPiece(bytes, rng) {
    return editHeader(bytes, (json) => splice(json, rng.int(json.length + 1), 0, rng.pick(PIECES)));
  },
  function removeSpan(bytes, rng) {
    return editHeader(bytes, (json) => splice(json, rng.int(json.length), 1 + rng.int(12), ''));
  },
  function repeatSpan(bytes, rng) {
    return editHeader(bytes, (json) => {
      const at = rng.int(json.length);
      return splice(json, at, 0, json.slice(at, at + 1 + rng.int(80)));
    });
  },
  function swapNumbers(bytes, rng) {
    return editHeader(bytes, (json) => {
      const numbers = [...json.matchAll(/\d+/g)];
      const [x, y] = [rng.pick(numbers), rng.pick(numbers)].sort((a, b) => a.index - b.index);
      if (x!.index === y!.index) return json;
      return splice(splice(json, y!.index, y![0].length, x![0]), x!.index, x![0].length, y![0]);
    });
  },
  function padWithSpaces(bytes, rng) {
    return editHeader(bytes, (json) => json + ' '.repeat(rng.int(16)));
  },
];

/** Test tool: one to three seeded mutations of a valid file, as bytes and as a header of the right length. */
export function mutate(valid: Buffer, rng: Rng): Buffer {
  let bytes = valid;
  for (let n = 1 + (rng.int(4) === 0 ? rng.int(3) : 0); n > 0 && bytes.length > 10; n--) {
    const before = bytes;
    try {
      bytes = rng.pick(MUTATIONS)(bytes, rng);
    } catch {
      // A mutation that needs numbers found none left: the file stays as the one before made it.
      bytes = before;
    }
  }
  return bytes;
}
