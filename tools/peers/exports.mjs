// `npm run peers -- exports [FOLDER]`: writes every export of a model folder and lets llama.cpp and transformers compute its
// logits, beside ours. Without a folder: a ternary model with random weights, with and without sub-norms.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PEERS, PYTHON } from './paths.mjs';

const TEXTS = ['sort: dbca = abcd', "It's 12345 apples,\n\n  naïve 中文 🙂?"];
const MAX_OUTPUT_BYTES = 2 ** 28;

function ask(script, ...args) {
  const output = execFileSync(PYTHON, [join(PEERS, script), ...args], {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return JSON.parse(output.trim().split('\n').at(-1));
}

/** Largest and typical difference, in units of the standard deviation of logits, and how often the likeliest token is the same. */
function compare(ours, theirs) {
  const all = ours.flatMap((row) => [...row]);
  const scale = Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
  const errors = theirs
    .flat()
    .map((x, i) => Math.abs(x - all[i]) / scale)
    .sort((a, b) => a - b);
  const argMax = (row) => row.indexOf(Math.max(...row));
  const same = ours.filter((row, i) => argMax([...row]) === argMax(theirs[i])).length;
  return { most: errors.at(-1), median: errors[errors.length >> 1], sameGreedy: `${same}/${ours.length}` };
}

/**
 * Median differences up to which a peer computes what we do, in standard deviations of logits, by the beginning of a form's name; about three times
 * what was measured (docs/LOG.md). llama.cpp rounds activations in 8 bits for ternary and for quantised weights, which is what most of it is.
 */
const BOUNDS = [
  ['llama.cpp F32', 2e-3],
  ['llama.cpp F16', 2e-3],
  ['llama.cpp', 5e-2],
  // It computes the scale of an online folder in float32, whatever grid the folder says.
  ['transformers online', 8e-2],
  ['transformers', 1e-5],
];

/** A trained-looking ternary model: random weights, byte tokenizer, widths that every format holds. */
function randomModel(m) {
  const config = {
    ...m.parseConfig({
      model_type: 'llama',
      vocab_size: 272,
      hidden_size: 256,
      intermediate_size: 512,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      max_position_embeddings: 256,
      rms_norm_eps: 1e-5,
      initializer_range: 0.08,
      tie_word_embeddings: true,
    }),
    ternary: m.TERNARY_TRAINING,
  };
  return { config, weights: m.initWeights(config, 1), tokenizer: m.byteTokenizer() };
}

/** Every GGUF encoding against our logits of what the file holds, and the packed folder against those of the model. */
async function check(m, logits, name, model, dir, problems) {
  const ids = Array.from({ length: 24 }, (_, i) => (i * 97 + 5) % Math.min(256, model.config.vocabSize));
  const report = (what, theirs, ours) => {
    const found = compare(ours, theirs);
    const [, bound] = BOUNDS.find(([begin]) => what.startsWith(begin));
    console.log(JSON.stringify({ model: name, export: what, ...found, bound }));
    if (!(found.median <= bound))
      problems.push(`${name}, ${what}: the median difference is ${found.median}, over ${bound}`);
  };
  const plain = (frozen) => ({ ...frozen, config: { ...frozen.config, ternary: undefined } });
  for (const encoding of model.config.ternary ? ['F32', 'TQ2_0', 'TQ1_0'] : ['F32', 'F16', 'Q8_0', 'Q4_0']) {
    const path = join(dir, `${name}-${encoding}.gguf`);
    await m.writeGgufModel(path, model, { encoding });
    const texts = model.tokenizer ? TEXTS : [];
    const theirs = ask('llama_cpp_logits.py', path, JSON.stringify({ ids, texts }));
    // llama.cpp does not round activations of float32 files at all, and those of ternary ones by blocks of its own.
    report(`llama.cpp ${encoding}`, theirs.logits, await logits(plain(await m.readGgufModel(path)), ids));
    texts.forEach((text, i) => {
      const same = JSON.stringify(theirs.tokens[i]) === JSON.stringify(model.tokenizer.encode(text));
      if (!same) problems.push(`${name}, ${encoding}: text ${i} has other tokens there`);
      console.log(
        JSON.stringify({
          model: name,
          text: i,
          tokens: same ? 'same' : { theirs: theirs.tokens[i], ours: model.tokenizer.encode(text) },
        }),
      );
    });
  }
  if (!model.config.ternary) return;
  for (const linearClass of ['bitlinear', 'autobitlinear']) {
    const path = join(dir, `${name}-${linearClass}`);
    await m.writePackedFolder(path, model, { linearClass });
    report(
      `transformers ${linearClass}`,
      ask('transformers_logits.py', path, JSON.stringify([ids])).logits[0],
      await logits(model, ids),
    );
  }
  // A packed model has no weights behind its codes.
  if (model.config.ternary.mode === 'offline') return;
  const marked = join(dir, `${name}-online`);
  await m.writeModelFolder(marked, model);
  report(
    'transformers online',
    ask('transformers_logits.py', marked, JSON.stringify([ids])).logits[0],
    await logits(model, ids),
  );
}

/** @returns what does not agree, one line each */
export async function checkExports(folder) {
  const problems = [];
  const m = await import('@agent-forge/model');
  const { fullLogits } = await import('../../libs/model/dist/testing/full-logits.js');
  const dir = mkdtempSync(join(tmpdir(), 'forge-exports-'));
  try {
    if (folder) await check(m, fullLogits, 'model', await m.readModelFolder(folder), dir, problems);
    else {
      await check(m, fullLogits, 'llama', randomModel(m), dir, problems);
      await check(m, fullLogits, 'bitnet', m.addSubNorms(randomModel(m)), dir, problems);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return problems;
}
