import { join } from 'node:path';
import { expectedShapes, parseConfig, writeModelFolder } from '@agent-forge/model';

/** Values that tensors are cut out of, at another place each; a power of two. */
const POOL = 2 ** 20;

/** Seeded sums of three uniform numbers, near enough to a bell. */
function bell(seed, deviation) {
  let state = seed;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  return Float32Array.from({ length: POOL }, () => 2 * deviation * (uniform() + uniform() + uniform()));
}

/** Writes a base and models that differ from it a little, in bfloat16. @returns their folders, the base first */
export async function writeMergeModels(folder, json, names) {
  const config = parseConfig(json);
  const shapes = expectedShapes(config);
  const base = bell(1, 0.02);
  const paths = [];
  for (const [k, name] of ['base', ...names].entries()) {
    const change = bell(k + 2, k === 0 ? 0 : 0.003);
    let at = 0;
    const read = async (tensor) => {
      const shape = shapes.get(tensor);
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      at += 7919;
      for (let i = 0; i < data.length; i++) data[i] = base[(i + at) & (POOL - 1)] + change[(3 * i + at) & (POOL - 1)];
      return { shape, data };
    };
    paths.push(join(folder, name));
    await writeModelFolder(paths.at(-1), { config, tokenizer: null, weights: { shapes, read } }, { dtype: 'BF16' });
  }
  return paths;
}
