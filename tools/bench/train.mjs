// Training throughput: three tied Llamas, batch 8 x 128, AdamW and clipping, against the MatMul ceiling and PyTorch.
import { availableParallelism } from 'node:os';
import { MatMulCeiling, Peer, peerVariants, table, takeTurns } from './lib.mjs';

export const title = 'tokens/s and GFLOP/s of training steps, against the MatMul ceiling and, with --peers, PyTorch';
export const needs = ['libs/model'];

const ROWS = 8;
const LENGTH = 128;
/** [vocabulary, width, layers, heads, key/value heads, FFN] */
const SHAPES = [
  [256, 128, 4, 4, 4, 352],
  [256, 256, 4, 4, 4, 704],
  [512, 384, 6, 6, 6, 1024],
];
const MODES = ['eager', 'compiled'];
/** One call of the session takes about this long, as in real training (libs/model train-language-model). */
const CALL_SECONDS = 0.7;
const DEFAULTS = { seconds: 2.5, rounds: 3, threads: availableParallelism() };

/** Our engine on one shape: the very program that `forge train` runs, on random tokens. */
class Ours {
  static async create([vocabulary, width, layers, heads, kvHeads, ffn], threads) {
    const { Rng } = await import('@agent-forge/contracts');
    const model = await import('@agent-forge/model');
    const { TrainLoop, buildTrainProgram } = await import('@agent-forge/tensor');
    const config = model.parseConfig({
      model_type: 'llama',
      vocab_size: vocabulary,
      hidden_size: width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      intermediate_size: ffn,
      tie_word_embeddings: true,
    });
    const weights = model.initWeights(config, 0);
    const source = randomTokens(Rng.derive(0, 'bench'), vocabulary);
    const optimizer = model.resolveOptimizer({});
    const program = buildTrainProgram({
      parameters: model.parametersOf(weights),
      batch: model.batchFields(source),
      loss: model.languageModelLoss(config, source),
      optimizer: model.makeOptimizer(optimizer),
      clipNorm: optimizer.clipNorm,
    });
    const self = new Ours();
    self.parameters = model.parameterCount(config);
    self.stepBatch = (step) => model.stepBatch(source, step, 1);
    self.loop = await TrainLoop.create(program, new Map([...weights].map(([name, t]) => [name, t.data])), { threads });
    await self.advance(1); // the first call also pays for memory that is allocated once
    self.perCall = Math.max(1, Math.round(CALL_SECONDS / (await self.advance(2))) * 2);
    return self;
  }

  /** Seconds of one call of `count` steps, with making its batches. */
  async advance(count) {
    const start = performance.now();
    const batches = Array.from({ length: count }, (_, i) => this.stepBatch(this.loop.step + i));
    await this.loop.advance(batches, () => 1);
    return (performance.now() - start) / 1000;
  }

  /** Tokens per second over whole calls for at least `seconds`. */
  async window(seconds) {
    let [elapsed, steps] = [0, 0];
    for (; elapsed < seconds; steps += this.perCall) elapsed += await this.advance(this.perCall);
    return (steps * ROWS * LENGTH) / elapsed;
  }
}

/** A source of uniformly random tokens; speed does not depend on what they are. */
function randomTokens(rng, vocabulary) {
  const size = ROWS * LENGTH;
  const tokens = () => Int32Array.from({ length: size }, () => rng.int(vocabulary));
  const batch = () => ({ inputIds: tokens(), targets: tokens(), lossMask: new Float32Array(size).fill(1) });
  return { rows: ROWS, length: LENGTH, packed: false, batch };
}

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
  const ours = await Ours.create(shape, threads);
  const contestants = {
    ours: () => ours.window(seconds),
    ceiling: () => ceiling.window(seconds / 3),
    ...(await peerContestants(peers, shape, seconds)),
  };
  const { best, windows } = await takeTurns(contestants, rounds);
  await ours.loop.release();
  const gflops = (6 * ours.parameters * best.ours) / 1e9;
  const row = { parameters: ours.parameters, tokensPerSecond: best.ours, gflops, ceilingGflops: best.ceiling };
  for (const variant of Object.keys(peers)) {
    const rate = Math.max(...MODES.map((mode) => best[`${variant} ${mode}`]));
    const key = variant === 'torch' ? 'peer' : 'peerAvx512';
    Object.assign(row, { [`${key}TokensPerSecond`]: rate, [`${key}Ratio`]: best.ours / rate });
  }
  return { ...row, windows };
}

export async function run({ peers: withPeers, log, options }) {
  const settings = { ...DEFAULTS, ...options };
  const peerSettings = { batch: ROWS, sequence: LENGTH, threads: settings.threads };
  const variants = withPeers ? Object.entries(peerVariants()) : [];
  const peers = Object.fromEntries(
    variants.map(([name, env]) => [name, new Peer('torch_train.py', peerSettings, env)]),
  );
  const ceiling = await MatMulCeiling.create(settings.threads);
  const rows = [];
  try {
    for (const shape of SHAPES) {
      rows.push(await measure(shape, ceiling, peers, settings));
      log(`${(rows.at(-1).parameters / 1e6).toFixed(2)} M parameters measured`);
    }
  } finally {
    for (const peer of Object.values(peers)) peer.close();
  }
  await ceiling.release();
  // One machine has one ceiling: the best that any of the windows saw.
  const ceilingGflops = Math.max(...rows.map((row) => row.ceilingGflops));
  for (const row of rows) Object.assign(row, { ceilingGflops, ratio: row.gflops / ceilingGflops });
  const columns = [
    ['parameters', 'parameters'],
    ['tokens/s', 'tokensPerSecond'],
    ['GFLOP/s (6N)', 'gflops'],
    ['MatMul ceiling', 'ceilingGflops'],
    ['of ceiling', 'ratio'],
    ...('torch' in peers
      ? [
          ['PyTorch tokens/s', 'peerTokensPerSecond'],
          ['ours / PyTorch', 'peerRatio'],
        ]
      : []),
    ...('torchAvx512' in peers
      ? [
          ['PyTorch+AVX-512', 'peerAvx512TokensPerSecond'],
          ['ours / that', 'peerAvx512Ratio'],
        ]
      : []),
  ];
  log(`\n${table(rows, columns)}`);
  return { threads: settings.threads, batch: [ROWS, LENGTH], rows };
}
