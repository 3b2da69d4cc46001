// Generation speed of one 171 M-parameter Llama, against the memory-bandwidth bound and llama.cpp, all measured in turns.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../bootstrap.mjs';
import { CONFIG, generate, NEW_TOKENS, PROMPT_TOKENS, VOCABULARY } from './lib/generation.mjs';
import { MemoryBandwidth, Peer, table, takeTurns } from './lib.mjs';

export const title = 'tokens/s of generation, against the memory-bandwidth bound and, with --peers, llama.cpp';
export const needs = ['libs/model'];

const BYTES_PER_WEIGHT = 4;
/** Length of a bandwidth window: a dozen passes over its array. */
const BANDWIDTH_SECONDS = 0.6;

async function llamaCpp(threads) {
  const settings = { folder: join(ROOT, '.cache/peers'), promptTokens: PROMPT_TOKENS, newTokens: NEW_TOKENS, threads };
  const peer = new Peer('llama_cpp_decode.py', settings);
  const window = async () => {
    const { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = await peer.ask({ encoding: 'f32' });
    return { prefill, decode };
  };
  await window(); // writes the model on first use, and warms up
  return { window, close: () => peer.close() };
}

async function measure(generator, bandwidth, peer, { rounds }) {
  const prompt = Array.from({ length: PROMPT_TOKENS }, (_, i) => (i * 2654435761) % VOCABULARY);
  await generate(generator, prompt.slice(0, 8));
  const contestants = {
    ours: () => generate(generator, prompt),
    bandwidth: () => bandwidth.window(BANDWIDTH_SECONDS),
    ...(peer ? { llamaCpp: peer.window } : {}),
  };
  return takeTurns(contestants, rounds);
}

/** The row of the result: a token reads every weight but the embedding table, of which it reads one row. */
function rowOf(best, parameters) {
  const bytesPerToken = (parameters - VOCABULARY * CONFIG.hidden_size) * BYTES_PER_WEIGHT;
  const boundTokensPerSecond = (best.bandwidth * 1e9) / bytesPerToken;
  const row = {
    encoding: 'f32',
    parameters,
    tokensPerSecond: best['ours decode'],
    firstTokenMs: (1000 * PROMPT_TOKENS) / best['ours prefill'],
    prefillTokensPerSecond: best['ours prefill'],
    bandwidthGBPerSecond: best.bandwidth,
    boundTokensPerSecond,
    ratio: best['ours decode'] / boundTokensPerSecond,
  };
  if (!best['llamaCpp decode']) return row;
  return {
    ...row,
    peerTokensPerSecond: best['llamaCpp decode'],
    peerPrefillTokensPerSecond: best['llamaCpp prefill'],
    peerRatio: best['ours decode'] / best['llamaCpp decode'],
  };
}

/** Options: --threads, --rounds at most. */
export async function run({ peers, log, options }) {
  const settings = { threads: availableParallelism(), ...options };
  const { threads } = settings;
  const { createGenerator, initWeights, parameterCount, parseConfig } = await import('@agent-forge/model');
  const config = parseConfig(CONFIG);
  const model = { config, weights: initWeights(config, 0), tokenizer: null };
  const generator = await createGenerator(model, { threads, batchSize: 1 });
  const bandwidth = await MemoryBandwidth.create(threads);
  const peer = peers ? await llamaCpp(threads) : null;
  const { best, windows } = await measure(generator, bandwidth, peer, settings).finally(() => peer?.close());
  await generator.release();
  await bandwidth.release();
  const rows = [{ ...rowOf(best, parameterCount(config)), windows }];
  const columns = [
    ['weights', 'encoding'],
    ['tokens/s', 'tokensPerSecond'],
    ['first token ms', 'firstTokenMs'],
    ['prompt tokens/s', 'prefillTokensPerSecond'],
    ['GB/s', 'bandwidthGBPerSecond'],
    ['bound tokens/s', 'boundTokensPerSecond'],
    ['of bound', 'ratio'],
    ...(peer ? [['llama.cpp tokens/s', 'peerTokensPerSecond']] : []),
    ...(peer ? [['its prompt', 'peerPrefillTokensPerSecond']] : []),
    ...(peer ? [['ours / llama.cpp', 'peerRatio']] : []),
  ];
  log(table(rows, columns));
  return { threads, promptTokens: PROMPT_TOKENS, newTokens: NEW_TOKENS, rows };
}
