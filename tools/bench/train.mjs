// Training throughput of three tied Llamas, against the MatMul ceiling and PyTorch, all measured in turns.
import { availableParallelism } from 'node:os';
import { MatMulCeiling, Peer, Trainer, peerVariants, table, takeTurns } from './lib.mjs';

export const title = 'tokens/s and GFLOP/s of training steps, against the MatMul ceiling and, with --peers, PyTorch';
export const needs = ['libs/model'];

/** Rows, and tokens in a row. */
const BATCH = [8, 128];
/** [vocabulary, width, layers, heads, key/value heads, FFN]: 0.84, 3.3 and 10.8 M parameters */
const SHAPES = [
  [256, 128, 4, 4, 4, 352],
  [256, 256, 4, 4, 4, 704],
  [512, 384, 6, 6, 6, 1024],
];
const MODES = ['eager', 'compiled'];
/** Length of one window: a few steps of the largest shape. */
const WINDOW_SECONDS = 1.4;
/** Names in the result for the better of a variant's modes. */
const RESULT_KEYS = { torch: 'peer', torchAvx512: 'peerAvx512' };

/** PyTorch's contestants on one shape, each warmed up: `torch eager`, `torch compiled`, and so on. */
async function peerContestants(peers, shape, seconds) {
  const contestants = {};
  for (const [variant, peer] of Object.entries(peers)) {
    for (const mode of MODES) {
      const ask = (s) => peer.ask({ shape, mode, seconds: s });
      await ask(0);
      contestants[`${variant} ${mode}`] = async () => (await ask(seconds)).tokensPerSecond;
    }
  }
  return contestants;
}

async function measure(shape, ceiling, peers, { seconds, rounds, threads }) {
  const ours = await Trainer.create(shape, BATCH, threads);
  const contestants = {
    ours: () => ours.window(seconds),
    ceiling: () => ceiling.window(seconds / 3),
    ...(await peerContestants(peers, shape, seconds)),
  };
  const { best, windows } = await takeTurns(contestants, rounds);
  await ours.release();
  const row = {
    parameters: ours.parameters,
    tokensPerSecond: best.ours,
    gflops: (6 * ours.parameters * best.ours) / 1e9,
  };
  for (const variant of Object.keys(peers)) {
    const rate = Math.max(...MODES.map((mode) => best[`${variant} ${mode}`]));
    const key = RESULT_KEYS[variant];
    Object.assign(row, { [`${key}TokensPerSecond`]: rate, [`${key}Ratio`]: best.ours / rate });
  }
  return { row, ceiling: best.ceiling, windows };
}

function columns(peers) {
  return [
    ['parameters', 'parameters'],
    ['tokens/s', 'tokensPerSecond'],
    ['GFLOP/s (6N)', 'gflops'],
    ['MatMul ceiling', 'ceilingGflops'],
    ['of ceiling', 'ratio'],
    ...(peers.torch ? [['PyTorch tokens/s', 'peerTokensPerSecond']] : []),
    ...(peers.torch ? [['ours / PyTorch', 'peerRatio']] : []),
    ...(peers.torchAvx512 ? [['PyTorch+AVX-512', 'peerAvx512TokensPerSecond']] : []),
    ...(peers.torchAvx512 ? [['ours / that', 'peerAvx512Ratio']] : []),
  ];
}

/** Options: --threads, --seconds of a window, --rounds at most, --shape 1, 2 or 3 for one size alone. */
export async function run({ peers: withPeers, log, options }) {
  const settings = { seconds: WINDOW_SECONDS, threads: availableParallelism(), ...options };
  const shapes = settings.shape ? SHAPES.slice(settings.shape - 1, settings.shape) : SHAPES;
  const peerSettings = { batch: BATCH[0], sequence: BATCH[1], threads: settings.threads };
  const variants = withPeers ? Object.entries(peerVariants()) : [];
  const peers = Object.fromEntries(
    variants.map(([name, env]) => [name, new Peer('torch_train.py', peerSettings, env)]),
  );
  const ceiling = await MatMulCeiling.create(settings.threads);
  const measured = [];
  try {
    for (const shape of shapes) {
      measured.push(await measure(shape, ceiling, peers, settings));
      log(`${(measured.at(-1).row.parameters / 1e6).toFixed(2)} M parameters measured`);
    }
  } finally {
    for (const peer of Object.values(peers)) peer.close();
  }
  await ceiling.release();
  // One machine has one ceiling: the best that any of the windows saw.
  const ceilingGflops = Math.max(...measured.map((m) => m.ceiling));
  const rows = measured.map(({ row, windows }) => ({
    ...row,
    ceilingGflops,
    ratio: row.gflops / ceilingGflops,
    windows,
  }));
  log(`\n${table(rows, columns(peers))}`);
  return { threads: settings.threads, batch: BATCH, rows };
}
