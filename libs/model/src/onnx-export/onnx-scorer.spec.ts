import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SequenceScorer } from '../evaluation/sequence-scorer.js';
import { randomModel } from '../ternary/testing.js';
import { OnnxScorer } from './onnx-scorer.js';
import { writeOnnxFolder } from './write-onnx-folder.js';

const model = randomModel();
const SEQUENCES = [
  [256, 3, 9, 101, 44, 17],
  [1, 200, 17],
  [7, 7, 7, 7, 7, 7, 7, 7, 8],
];
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-onnx-scorer-'));
  await writeOnnxFolder(join(dir, 'model'), model, { encodings: ['fp32', 'q2'] });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('scores sequences of any length as the model in memory does', async () => {
  const scorer = await OnnxScorer.open(join(dir, 'model'), 'fp32', { threads: 1 });
  const ours = await SequenceScorer.create(model, { threads: 1 });
  const [file, memory] = [await scorer.score(SEQUENCES), await ours.score(SEQUENCES)];
  await Promise.all([scorer.release(), ours.release()]);
  memory.forEach(({ nll, predicted }, row) => {
    expect(file[row]!.predicted).toEqual(predicted);
    nll.forEach((want, i) => expect(file[row]!.nll[i]).toBeCloseTo(want, 3));
  });
});

test('what a sequence gets does not depend on what it is scored with', async () => {
  const scorer = await OnnxScorer.open(join(dir, 'model'), 'q2', { threads: 1 });
  const together = await scorer.score(SEQUENCES);
  const alone = await scorer.score([SEQUENCES[1]!]);
  await scorer.release();
  alone[0]!.nll.forEach((want, i) => expect(together[1]!.nll[i]).toBeCloseTo(want, 4));
  await expect(OnnxScorer.open(join(dir, 'model'), 'q4')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});
