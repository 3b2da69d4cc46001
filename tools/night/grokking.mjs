// `node tools/night/grokking.mjs [--OPTION VALUE]`: late generalisation on x · y modulo a prime, with Grokfast and without (Lee et al. 2024,
// arXiv:2405.20233, section 4.1): steps until 95 % of the held-out pairs are right, for several seeds. Takes hours at modulus 97; meant for a night.
// Grokfast runs first; the others get three times its steps, so that "not reached" means at least three times slower.
// The network is ours (2 Llama layers of width 128, rotary positions, gated feed-forward), not the paper's.
// The last line of stdout is the result as one JSON object.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureInstalled } from '../bootstrap.mjs';
import { machine, table, warnIfBusy } from '../bench/lib.mjs';

/** The paper's settings; AdamW with weight decay alone is the control that users of Grokfast ask for. */
const ADAM = {
  name: 'adamw',
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.98,
  weightDecay: 0,
  clipNorm: 0,
  schedule: 'constant',
};
const ARMS = {
  'Grokfast EMA': { ...ADAM, filter: 'grokfast-ema', weightDecay: 0.005 },
  Adam: ADAM,
  'AdamW, decay 1': { ...ADAM, weightDecay: 1 },
  'Grokfast EMA, decay 1': { ...ADAM, filter: 'grokfast-ema', weightDecay: 1 },
};
const DEFAULTS = {
  modulus: 97,
  seeds: 3,
  /** Steps of Grokfast at most. */
  steps: 4000,
  rows: 512,
  width: 128,
  every: 50,
  share: 0.5,
  /** Standard deviations of the first matrices and embedding: PyTorch's, which the paper's network has. */
  init: 0.05,
  embedding: 1,
  threads: availableParallelism(),
};
/** The others may take this many times the steps of Grokfast. */
const PATIENCE = 3;

function readOptions() {
  const names = Object.keys(DEFAULTS);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options });
  return { ...DEFAULTS, ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])) };
}

async function runSeed(grok, seed, options, log) {
  const { modulus, rows, width, every, share, init, embedding, threads } = options;
  const common = {
    modulus,
    seed,
    rows,
    hiddenSize: width,
    every,
    trainShare: share,
    initializerRange: init,
    embeddingRange: embedding,
    threads,
  };
  const row = { seed };
  let { steps: maxSteps } = options;
  for (const [name, optimizer] of Object.entries(ARMS)) {
    const started = performance.now();
    const { trainSteps, validationSteps, curve } = await grok({ ...common, optimizer, maxSteps });
    const seconds = Math.round((performance.now() - started) / 1000);
    row[name] = { trainSteps, validationSteps, maxSteps, seconds, last: curve.at(-1) };
    log(`seed ${seed}, ${name}: 95 % of the held-out pairs ${stepsOf(row[name])}, ${seconds} s`);
    if (name === 'Grokfast EMA') maxSteps = PATIENCE * (validationSteps ?? maxSteps);
  }
  return row;
}

function stepsOf({ validationSteps, maxSteps, last }) {
  return validationSteps === undefined
    ? `not in ${maxSteps} (${(100 * last.validation).toFixed(0)} %)`
    : `after ${validationSteps}`;
}

async function main() {
  const options = readOptions();
  ensureInstalled();
  ensureBuilt(['libs/phases']);
  const { grok } = await import('../../libs/phases/dist/testing/grokking.js');
  const log = (line = '') => process.stdout.write(`${line}\n`);
  const host = await machine();
  log(`steps to 95 % on x · y mod ${options.modulus}\n${host.cpu}, ${host.cores} cores, Node ${host.node}\n`);
  warnIfBusy(log);
  const rows = [];
  for (let seed = 1; seed <= options.seeds; seed += 1) rows.push(await runSeed(grok, seed, options, log));
  const shown = rows.map((row) => ({
    seed: row.seed,
    ...Object.fromEntries(Object.keys(ARMS).map((name) => [name, stepsOf(row[name])])),
  }));
  log(`\n${table(shown, [['seed', 'seed'], ...Object.keys(ARMS).map((name) => [name, name])])}`);
  log(JSON.stringify({ night: 'grokking', date: new Date().toISOString(), machine: host, options, rows }));
}

await main();
