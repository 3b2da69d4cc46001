import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TokenSequence } from './dialogue.js';
import { RowPacker } from './pack.js';

const PAD = 99;

describe('RowPacker', () => {
  test('two items and padding in a row, by hand', () => {
    const packer = new RowPacker(1, 6, PAD);
    expect(packer.add({ ids: [1, 2, 3], learnt: [0, 0, 1] })).toBe(true);
    expect(packer.add({ ids: [4, 5, 6, 7], learnt: [0, 1, 0, 1] })).toBe(true);
    expect(packer.add({ ids: [8, 9, 10], learnt: [0, 1, 1] })).toBe(false);
    const batch = packer.batch();
    expect([...batch.inputIds]).toEqual([1, 2, 4, 5, 6, PAD]);
    expect([...batch.targets]).toEqual([2, 3, 5, 6, 7, PAD]);
    expect([...batch.lossMask]).toEqual([0, 1, 1, 0, 1, 0]);
    expect([...batch.positionIds]).toEqual([0, 1, 0, 1, 2, 0]);
    expect([...batch.segmentIds]).toEqual([1, 1, 2, 2, 2, 0]);
  });

  test('an item goes into the first row with room', () => {
    const packer = new RowPacker(2, 3, PAD);
    const sequence = (length: number): TokenSequence => ({
      ids: Array.from({ length }, (_, i) => i),
      learnt: Array.from({ length }, () => 1),
    });
    expect([3, 4, 2].map((length) => packer.add(sequence(length)))).toEqual([true, true, true]);
    expect([...packer.batch().segmentIds]).toEqual([1, 1, 2, 1, 1, 1]);
    expect(packer.add(sequence(2))).toBe(false);
  });

  const sequences = fc.array(
    fc.array(fc.tuple(fc.nat(90), fc.constantFrom(0, 1)), { minLength: 2, maxLength: 9 }).map((tokens) => ({
      ids: tokens.map(([id]) => id),
      learnt: tokens.map(([, counts]) => counts),
    })),
    { maxLength: 30 },
  );

  test('every packed sequence can be read back whole from its segment, in any batch', () => {
    fc.assert(
      fc.property(sequences, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 8, max: 20 }), (all, rows, length) => {
        const packer = new RowPacker(rows, length, PAD);
        const packed = all.filter((sequence) => packer.add(sequence));
        const { inputIds, targets, lossMask, positionIds, segmentIds } = packer.batch();
        const found = new Map<string, TokenSequence>();
        for (let at = 0; at < rows * length; at += 1) {
          if (segmentIds[at] === 0) {
            expect([inputIds[at], targets[at], lossMask[at]]).toEqual([PAD, PAD, 0]);
            continue;
          }
          const name = `${Math.floor(at / length)}/${segmentIds[at]}`;
          const { ids, learnt } = found.get(name) ?? { ids: [inputIds[at]!], learnt: [] };
          expect(positionIds[at]).toBe(learnt.length);
          expect(inputIds[at]).toBe(ids.at(-1));
          found.set(name, { ids: [...ids, targets[at]!], learnt: [...learnt, lossMask[at]!] });
        }
        const line = ({ ids, learnt }: TokenSequence, skip: number): string =>
          JSON.stringify([ids, learnt.slice(skip)]);
        expect([...found.values()].map((sequence) => line(sequence, 0)).sort()).toEqual(
          packed.map((sequence) => line(sequence, 1)).sort(),
        );
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
