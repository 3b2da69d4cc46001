// Speed of the codecs on one matrix, in MB of float32 weights per second, and SeedLM's exact search against trying every seed.
import { table, takeTurns } from './lib.mjs';

export const title =
  'MB/s of encoding and decoding by every codec, and the exact search against brute force on a sample';
export const needs = ['libs/codecs'];

/** As many rows as columns. */
const SIDE = 512;
const MB = 1e6;
/** Blocks that both searches are measured on. */
const SAMPLE = 8;
/** Codecs that hold nothing but ternary weights. */
const TERNARY = ['tq1', 'tq2', 'rans'];
/** The exact search takes seconds for what others do in milliseconds. */
const SLOW = ['seedlm4', 'seedlm3'];

/** The built libraries; a list of benchmarks does not need them. */
const load = async () => ({ ...(await import('@agent-forge/codecs')), ...(await import('@agent-forge/contracts')) });

/** Gaussian weights of a layer's size, or ternary ones with a third of zeros. */
function weights({ Rng }, name, rows) {
  const rng = Rng.derive(1, 'bench', 'compress');
  const value = TERNARY.includes(name) ? () => 0.02 * (rng.int(3) - 1) : () => 0.02 * rng.normal();
  return { shape: [rows, SIDE], data: Float32Array.from({ length: rows * SIDE }, value) };
}

function seconds(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

async function measureCodec(libraries, name, rounds) {
  const codec = libraries.codecOf(name);
  const tensor = weights(libraries, name, SLOW.includes(name) ? SIDE / 8 : SIDE);
  const megabytes = tensor.data.byteLength / MB;
  let shared;
  const shareSeconds = codec.share ? seconds(() => (shared = codec.share([{ tensor }]))) : 0;
  const context = shared ? { shared } : {};
  const bytes = codec.encode(tensor, context);
  const { best } = await takeTurns(
    {
      encode: () => megabytes / seconds(() => codec.encode(tensor, context)),
      decode: () => megabytes / seconds(() => codec.decode(bytes, tensor.shape, shared)),
    },
    rounds,
  );
  return {
    codec: name,
    bitsPerWeight: (8 * bytes.length) / tensor.data.length,
    encodeMbPerSecond: best.encode,
    decodeMbPerSecond: best.decode,
    shareSeconds,
  };
}

/** Microseconds for a block of weights, and whether both found the same. */
function measureSearch({ Rng, SEED_SHAPES, SeedSearch, bruteForce }, name) {
  const shape = SEED_SHAPES[name];
  const search = SeedSearch.of(shape);
  const rng = Rng.derive(2, 'bench', 'compress');
  const blocks = Float64Array.from({ length: 2048 * shape.block }, () => rng.normal());
  const found = [];
  const exact = seconds(() => search.search(blocks, (fit) => found.push(fit)));
  let same = 0;
  const brute = seconds(() => {
    for (let i = 0; i < SAMPLE; i++) {
      const best = bruteForce(search.bases, blocks.subarray(i * shape.block, (i + 1) * shape.block));
      same += Math.abs(best.error - found[i].error) < 1e-12 ? 1 : 0;
    }
  });
  const exactMicroseconds = (1e6 * exact) / found.length;
  const bruteMicroseconds = (1e6 * brute) / SAMPLE;
  return {
    codec: name,
    exactMicroseconds,
    bruteMicroseconds,
    timesAsFast: bruteMicroseconds / exactMicroseconds,
    same: `${same} of ${SAMPLE}`,
  };
}

const COLUMNS = [
  ['codec', 'codec'],
  ['bits', 'bitsPerWeight'],
  ['encode MB/s', 'encodeMbPerSecond'],
  ['decode MB/s', 'decodeMbPerSecond'],
  ['codebooks s', 'shareSeconds'],
];
const SEARCH_COLUMNS = [
  ['search', 'codec'],
  ['exact us', 'exactMicroseconds'],
  ['every seed us', 'bruteMicroseconds'],
  ['times as fast', 'timesAsFast'],
  ['same error', 'same'],
];

/** One thread; MB are those of the float32 weights. Options: --codec for one alone, --rounds at most. */
export async function run({ log, options }) {
  const libraries = await load();
  const { CODEC_NAMES } = libraries;
  const names = options.codec ? [options.codec] : CODEC_NAMES;
  if (!names.every((name) => CODEC_NAMES.includes(name)))
    throw Object.assign(new Error(`--codec is one of ${CODEC_NAMES.join(', ')}`), { code: 'INVALID_ARGUMENT' });
  const rows = [];
  for (const name of names) rows.push(await measureCodec(libraries, name, options.rounds ?? 3));
  log(`\n${table(rows, COLUMNS)}`);
  const searches = names.filter((name) => SLOW.includes(name)).map((name) => measureSearch(libraries, name));
  if (searches.length > 0) log(`\n${table(searches, SEARCH_COLUMNS)}`);
  return { rows, searches };
}
