// Speed and memory of merging three bf16 models of 171 M parameters, against a plain synced copy of the same files.
import { copyFileSync, closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../bootstrap.mjs';
import { measureNode, Peer, table, takeTurns, writeMergeModels } from './lib.mjs';

export const title = 'GB/s and peak memory of merges, against a copy of the same files and, with --peers, mergekit';
export const needs = ['apps/forge'];

/** 171 M parameters, 342 MB. */
const CONFIG = {
  model_type: 'llama',
  vocab_size: 8192,
  hidden_size: 1024,
  num_hidden_layers: 12,
  num_attention_heads: 16,
  intermediate_size: 2816,
  tie_word_embeddings: false,
};
/** As many tensors with next to nothing in them: what a command takes that merges nothing. */
const TINY = { ...CONFIG, vocab_size: 16, hidden_size: 16, num_attention_heads: 2, intermediate_size: 16 };
const MODELS = ['a', 'b', 'c'];
const WEIGHT_FILE = 'model.safetensors';
const CLI = join(ROOT, 'apps/forge/dist/cli.js');

/** Methods with how many models they take and whether the base is one more. */
const METHODS = {
  linear: { models: 3, base: false },
  slerp: { models: 1, base: true, shared: { t: 0.4 } },
  task_arithmetic: { models: 3, base: true },
  ties: { models: 3, base: true },
  dare_ties: { models: 3, base: true },
  della: { models: 3, base: true },
  model_stock: { models: 3, base: true },
};
/** What mergekit is measured on; its others take minutes. */
const PEER_METHODS = ['linear', 'ties'];

function recipeFor(method, [base, ...paths]) {
  const { models, base: based, shared } = METHODS[method];
  return JSON.stringify({
    merge_method: method,
    ...(based && { base_model: base }),
    models: paths.slice(0, models).map((model) => ({ model, parameters: { weight: 0.4, density: 0.5 } })),
    ...(shared && { parameters: shared }),
    dtype: 'bfloat16',
  });
}

/** Seconds of copying weight files, each synced to the disk. */
function copy(paths, folder) {
  const start = performance.now();
  const target = join(folder, 'copy');
  for (const path of paths) {
    copyFileSync(join(path, WEIGHT_FILE), target);
    const file = openSync(target, 'r');
    fsyncSync(file);
    closeSync(file);
  }
  const seconds = (performance.now() - start) / 1000;
  rmSync(target);
  return seconds;
}

/** One method on models of one size; `ask` merges and gives seconds and peakBytes. */
async function merge(method, paths, folder, ask) {
  const recipe = join(folder, 'recipe.yaml');
  const out = join(folder, 'out');
  writeFileSync(recipe, recipeFor(method, paths));
  const measured = await ask(recipe, out);
  rmSync(out, { recursive: true });
  return measured;
}

async function ours(recipe, out) {
  const measured = await measureNode(CLI, 'merge', recipe, '--out', out, '--json');
  return { ...measured, seconds: JSON.parse(measured.stdout).seconds, wholeSeconds: measured.seconds };
}

async function measureMethod(method, paths, folder, rounds) {
  const { models, base } = METHODS[method];
  const inputs = paths.slice(base ? 0 : 1, models + 1);
  const sizeBytes = statSync(join(inputs[0], WEIGHT_FILE)).size;
  const runs = [];
  const contestants = {
    copy: () => (2 * inputs.length * sizeBytes) / copy(inputs, folder) / 1e9,
    merge: async () => {
      runs.push(await merge(method, paths, folder, ours));
      return ((inputs.length + 1) * sizeBytes) / runs.at(-1).seconds / 1e9;
    },
  };
  const { best, windows } = await takeTurns(contestants, rounds);
  const least = (key) => Math.min(...runs.map((run) => run[key]));
  return {
    method,
    seconds: least('seconds'),
    wholeSeconds: least('wholeSeconds'),
    gbPerSecond: best.merge,
    copyGbPerSecond: best.copy,
    ofCopy: best.merge / best.copy,
    peakMb: Math.max(...runs.map((run) => run.peakBytes)) / 1e6,
    firstLineMs: least('firstLineMs'),
    windows,
  };
}

/** mergekit's seconds without its start-up, which is what a merge of tiny models takes. */
async function measurePeer(peer, method, paths, tiny, folder) {
  const ask = (recipe, out) => peer.ask({ recipe, out });
  // The first start of all reads the libraries from the disk, which is no part of what later ones cost.
  await merge(method, tiny, folder, ask);
  const startup = await merge(method, tiny, folder, ask);
  const { seconds, peakBytes } = await merge(method, paths, folder, ask);
  return {
    peerSeconds: seconds - startup.seconds,
    peerStartupSeconds: startup.seconds,
    peerPeakMb: peakBytes / 1e6,
  };
}

const COLUMNS = [
  ['method', 'method'],
  ['s', 'seconds'],
  ['s with start-up', 'wholeSeconds'],
  ['GB/s', 'gbPerSecond'],
  ['copy GB/s', 'copyGbPerSecond'],
  ['of copy', 'ofCopy'],
  ['peak MB', 'peakMb'],
  ['first line ms', 'firstLineMs'],
];
const PEER_COLUMNS = [
  ['mergekit s', 'peerSeconds'],
  ['its start-up s', 'peerStartupSeconds'],
  ['its peak MB', 'peerPeakMb'],
  ['times as fast', 'timesAsFast'],
];

/**
 * GB/s count what is read of each input once and what is written, for merges and copies alike; seconds are those of the
 * command after the program is loaded. Options: --method for one alone, --rounds at most.
 */
export async function run({ peers: withPeers, log, options }) {
  const methods = options.method ? [options.method] : Object.keys(METHODS);
  if (!methods.every((method) => Object.hasOwn(METHODS, method)))
    throw Object.assign(new Error(`--method is one of ${Object.keys(METHODS).join(', ')}`), {
      code: 'INVALID_ARGUMENT',
    });
  const folder = mkdtempSync(join(tmpdir(), 'agent-forge-bench-merge-'));
  const peer = withPeers ? new Peer('mergekit_merge.py', {}) : null;
  const rows = [];
  try {
    const paths = await writeMergeModels(join(folder, 'models'), CONFIG, MODELS);
    const tiny = await writeMergeModels(join(folder, 'tiny'), TINY, MODELS);
    for (const method of methods) {
      const row = await measureMethod(method, paths, folder, options.rounds ?? 5);
      if (peer && PEER_METHODS.includes(method)) {
        Object.assign(row, await measurePeer(peer, method, paths, tiny, folder));
        row.timesAsFast = row.peerSeconds / row.seconds;
      }
      rows.push(row);
      log(`${method} measured`);
    }
  } finally {
    peer?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  log(`\n${table(rows, [...COLUMNS, ...(peer ? PEER_COLUMNS : [])])}`);
  return { rows };
}
