import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { readDataSet, type Part } from '@agent-forge/data';
import type { PhaseContext } from '../phase.js';
import { MEASURED_BYTES } from './limits.js';

/** The running text of a run's data sets, by part; each text is one block, and no training window crosses from one to the next. */
export type Corpus = Readonly<Record<Part, readonly string[]>>;

/**
 * Reads all data sets of the run.
 * @throws ForgeError DATA_INVALID when there is no data, when a part has no text, or when a file cannot be read
 */
export async function readCorpus({
  artifacts,
  data,
  workDir,
}: Pick<PhaseContext, 'artifacts' | 'data' | 'workDir'>): Promise<Corpus> {
  const corpus: Record<Part, string[]> = { train: [], select: [], report: [] };
  for (const [i, { artifactId }] of data.entries()) {
    const dir = join(await mkdtemp(join(workDir, 'data-')), String(i));
    await artifacts.materialise(artifactId, dir);
    for (const { name } of (await artifacts.manifest(artifactId)).files) {
      for (const { part, text } of (await readDataSet(join(dir, name))).blocks) corpus[part].push(text);
    }
  }
  for (const [part, texts] of Object.entries(corpus)) {
    if (texts.length > 0) continue;
    throw new ForgeError(
      'DATA_INVALID',
      data.length === 0
        ? 'the recipe names no data; name a text to train on'
        : `the ${part} part of the data is empty; with 200 kB of text every part almost always has some`,
    );
  }
  return corpus;
}

/**
 * Cuts texts into `count` contiguous shares of about equal length, none empty.
 * @throws ForgeError DATA_INVALID when there are fewer texts than shares
 */
export function shares(texts: readonly string[], count: number): string[][] {
  if (texts.length < count) {
    throw new ForgeError(
      'DATA_INVALID',
      `the train part has ${texts.length} blocks, too few for ${count} seeds; give more text`,
    );
  }
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const result: string[][] = Array.from({ length: count }, () => []);
  let before = 0;
  texts.forEach((text, i) => {
    const wanted = Math.min(count - 1, Math.floor((before / total) * count));
    // Never so far ahead that a later share would be left with nothing, nor so far behind that one was skipped.
    const least = Math.max(0, count - (texts.length - i));
    const filled = result.findLastIndex((share) => share.length > 0);
    result[Math.min(Math.max(wanted, least), filled + 1)]!.push(text);
    before += text.length;
  });
  return result;
}

/** Texts to measure models on: whole blocks of a part, from its start, up to a number of bytes, but at least one. */
export function measuredTexts(texts: readonly string[], maxBytes = MEASURED_BYTES): string[] {
  let bytes = 0;
  const first = texts.filter((text) => {
    bytes += Buffer.byteLength(text);
    return bytes <= maxBytes;
  });
  return first.length > 0 ? first : texts.slice(0, 1);
}
