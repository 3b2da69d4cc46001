import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Rng, type ArtifactName, type ArtifactStore, type Lineage } from '@agent-forge/contracts';
import { createFamily, drawItem, plainTextEncoder, type TaskFamily, type TokenSequence } from '@agent-forge/data';
import { byteTokenizer, type Model } from '@agent-forge/model';
import { encoderOf, type FamilyMix } from '../shared/families.js';

/** Something to train on: a task item, or a piece of running text. */
export interface PoolItem extends TokenSequence {
  /** Of a task item. */
  readonly family?: string;
  /** Identity of a task item for the split. */
  readonly key?: string;
}

/** An item with how hard it is; larger is harder. */
export interface RankedItem extends PoolItem {
  readonly difficulty: number;
}

/** What a pool is drawn from. */
export interface PoolPlan {
  readonly families: FamilyMix;
  /** Of the train part. */
  readonly texts: readonly string[];
  /** Task items, and as many pieces of text, where there are so many. */
  readonly size: number;
  /** Tokens in a row. */
  readonly rowLength: number;
  readonly seed: number | string;
}

const FILE = 'items.jsonl';

/** Draws task items of the train part as often as the mix says, and pieces of text without overlap. */
export function drawPool({ families, texts, size, rowLength, seed }: PoolPlan, model: Model): PoolItem[] {
  const encoder = encoderOf(model);
  const mix = Object.entries(families).map(([name, weight]) => ({ family: createFamily(name), weight }));
  const rng = Rng.derive(seed, 'pool', 'items');
  const items = Array.from({ length: mix.length > 0 ? size : 0 }, (): PoolItem => {
    const item = drawItem(pick(mix, rng), 'train', rng);
    return { family: item.family, key: item.key, ...encoder.encode(item) };
  });
  const encode = plainTextEncoder(model.tokenizer ?? byteTokenizer());
  const pieces = texts.flatMap((text) => cut(encode(text), rowLength));
  Rng.derive(seed, 'pool', 'pieces').shuffle(pieces);
  return [...items, ...pieces.slice(0, size)];
}

function pick(mix: readonly { family: TaskFamily; weight: number }[], rng: Rng): TaskFamily {
  let point = rng.float() * mix.reduce((sum, { weight }) => sum + weight, 0);
  return (mix.find(({ weight }) => (point -= weight) < 0) ?? mix.at(-1)!).family;
}

/** Pieces that fill a row each, every token with loss; each begins with the last token of the one before, and what is left at the end is left out. */
function cut(ids: readonly number[], rowLength: number): PoolItem[] {
  const pieces: PoolItem[] = [];
  for (let at = 0; at + rowLength < ids.length; at += rowLength)
    pieces.push({
      ids: ids.slice(at, at + rowLength + 1),
      learnt: Array.from({ length: rowLength + 1 }, () => 1),
    });
  return pieces;
}

/** Stores items, one in a line, in the order in which they were drawn. */
export async function storeItems(
  { artifacts, workDir }: { readonly artifacts: ArtifactStore; readonly workDir: string },
  role: string,
  items: readonly PoolItem[],
  lineage: Lineage,
): Promise<ArtifactName> {
  const dir = join(workDir, role);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, FILE), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  return artifacts.putFolder(dir, role, { kind: 'dataset', lineage });
}

/** Reads what {@link storeItems} stored. */
export async function readItems<T extends PoolItem>(
  { artifacts, workDir }: { readonly artifacts: ArtifactStore; readonly workDir: string },
  id: string,
): Promise<T[]> {
  const dir = join(workDir, `items-${id.slice(-16).replace(/\W/g, '')}`);
  await artifacts.materialise(id, dir);
  const lines = (await readFile(join(dir, FILE), 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}
