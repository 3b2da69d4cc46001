import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expectedShapes, parseConfig } from '@agent-forge/model';
import { mergeRecipeOf } from '../recipe/read-recipe.js';
import { mergeFolders } from './merge-folders.js';

/*
 * Test tool, run as a process of its own: merges sparse models of so many layers, whose largest tensors are all of so many
 * rows of 1024 numbers. Prints the peak of resident memory in bytes.
 */
const [folder = '', method = 'linear', layers = '1', rows = '8192'] = process.argv.slice(2);
const json = {
  model_type: 'llama',
  vocab_size: Number(rows),
  hidden_size: 1024,
  intermediate_size: Number(rows),
  num_hidden_layers: Number(layers),
  num_attention_heads: 8,
  num_key_value_heads: 1,
  tie_word_embeddings: false,
};

/** A model folder of zeros that takes no room on the disk. */
function writeSparse(path: string): void {
  let end = 0;
  const entries = [...expectedShapes(parseConfig(json))].map(([name, shape]) => {
    const begin = end;
    end += 2 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  mkdirSync(path);
  writeFileSync(join(path, 'config.json'), JSON.stringify(json));
  const file = openSync(join(path, 'model.safetensors'), 'w');
  writeSync(file, Buffer.concat([length, header]));
  ftruncateSync(file, 8 + header.length + end);
  closeSync(file);
}

const models = ['base', 'a', 'b', 'c'].map((name) => join(folder, name));
for (const path of models) writeSparse(path);
const out = join(folder, 'out');
const recipe = mergeRecipeOf({
  merge_method: method,
  ...(method !== 'linear' && { base_model: models[0] }),
  models: models.slice(1).map((model) => ({ model, parameters: { weight: 0.5, density: 0.5 } })),
  dtype: 'bfloat16',
});
await mergeFolders({ recipe, out, threads: 2 });
// maxRSS is in kibibytes.
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
for (const path of [...models, out]) rmSync(path, { recursive: true });
