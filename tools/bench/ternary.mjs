// Exports of one 171 M-parameter model in float32, 4 bits and ternary: bytes on disk and generation speed, side by side.
import { availableParallelism } from 'node:os';
import { mkdtempSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bootstrap.mjs';
import { CONFIG, generate, NEW_TOKENS, PROMPT_TOKENS, VOCABULARY } from './lib/generation.mjs';
import { Peer, table, takeTurns } from './lib.mjs';

export const title = 'bytes and tokens/s of float32, 4-bit and ternary exports and, with --peers, of llama.cpp';
export const needs = ['libs/model'];

const OURS = ['fp32', 'q4', 'q2'];
/** llama.cpp's encodings, with embedding and head in half precision but for f32. */
const PEERS = ['F32', 'Q4_0', 'TQ2_0', 'TQ1_0'];

/** Every export of our own that is asked for as a contestant, and its size. */
async function ourContestants(m, model, folder, { threads, wanted }) {
  const encodings = OURS.filter(wanted);
  if (encodings.length === 0) return [];
  const path = join(folder, 'onnx-export');
  await m.writeOnnxFolder(path, model, { encodings });
  const prompt = Array.from({ length: PROMPT_TOKENS }, (_, i) => (i * 2654435761) % VOCABULARY);
  const contestants = [];
  for (const encoding of encodings) {
    const decoder = await m.OnnxDecoder.open(path, encoding, { threads });
    const generator = new m.TokenGenerator(decoder);
    await generate(generator, prompt.slice(0, 8));
    const { size: sizeBytes } = statSync(join(path, m.onnxFile(encoding)));
    contestants.push({
      name: encoding,
      sizeBytes,
      window: () => generate(generator, prompt),
      close: () => decoder.release(),
    });
  }
  return contestants;
}

/** llama.cpp on the same weights, in files that our own exporter wrote. */
async function peerContestants(m, model, folder, { threads, wanted }) {
  const encodings = PEERS.filter(wanted);
  const peer = new Peer('llama_cpp_decode.py', { folder, promptTokens: PROMPT_TOKENS, newTokens: NEW_TOKENS, threads });
  const contestants = [];
  for (const encoding of encodings) {
    const path = join(folder, `llama-171m-${encoding.toLowerCase()}.gguf`);
    await m.writeGgufModel(path, model, { encoding });
    const window = async () => {
      const answer = await peer.ask({ encoding: encoding.toLowerCase() });
      return { prefill: answer.prefillTokensPerSecond, decode: answer.decodeTokensPerSecond };
    };
    contestants.push({
      name: `llama.cpp ${encoding}`,
      sizeBytes: statSync(path).size,
      window,
      close: () => peer.close(),
    });
  }
  return contestants;
}

function rowsOf(contestants, best) {
  const float = best['fp32 decode'];
  return contestants.map(({ name, sizeBytes }) => ({
    encoding: name,
    sizeBytes,
    megabytes: sizeBytes / 1e6,
    tokensPerSecond: best[`${name} decode`],
    prefillTokensPerSecond: best[`${name} prefill`],
    ...(float === undefined ? {} : { againstFp32: best[`${name} decode`] / float }),
  }));
}

/** Speed and bytes of the ternary export against llama.cpp's files of the same weights. */
function ratiosOf(rows) {
  const of = (name) => rows.find((row) => row.encoding === name);
  const [ours, theirs] = [of('q2'), of('llama.cpp TQ2_0')];
  if (!ours || !theirs) return {};
  return {
    speedAgainstTq2: ours.tokensPerSecond / theirs.tokensPerSecond,
    bytesAgainstTq2: ours.sizeBytes / theirs.sizeBytes,
  };
}

/** Options: --threads, --rounds at most, --only q2,TQ2_0 (some of the encodings; all by default). */
export async function run({ peers, log, options }) {
  const { threads = availableParallelism(), rounds, only } = options;
  const names = only === undefined ? [...OURS, ...PEERS] : String(only).split(',');
  const settings = { threads, wanted: (encoding) => names.includes(encoding) };
  const m = await import('@agent-forge/model');
  const config = { ...m.parseConfig(CONFIG), ternary: m.TERNARY_TRAINING };
  const model = { config, weights: m.initWeights(config, 0), tokenizer: null };
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.cache/bench-ternary-'));
  const contestants = [];
  try {
    contestants.push(...(await ourContestants(m, model, folder, settings)));
    if (peers) contestants.push(...(await peerContestants(m, model, folder, settings)));
    const windows = Object.fromEntries(contestants.map(({ name, window }) => [name, window]));
    const { best, windows: turns } = await takeTurns(windows, rounds);
    const rows = rowsOf(contestants, best);
    log(
      table(rows, [
        ['weights', 'encoding'],
        ['MB', 'megabytes'],
        ['tokens/s', 'tokensPerSecond'],
        ['prompt tokens/s', 'prefillTokensPerSecond'],
        ...(best['fp32 decode'] === undefined ? [] : [['of fp32', 'againstFp32']]),
      ]),
    );
    return { threads, promptTokens: PROMPT_TOKENS, newTokens: NEW_TOKENS, rows, ...ratiosOf(rows), windows: turns };
  } finally {
    for (const { close } of contestants) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}
