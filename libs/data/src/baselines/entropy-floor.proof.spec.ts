import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import {
  type Model,
  byteTokenizer,
  evaluateText,
  initWeights,
  parseConfig,
  trainLanguageModel,
} from '@agent-forge/model';
import { TextWindows } from '../batches/text-windows.js';
import { MarkovChain } from './markov-chain.js';

const STATES = 16;
const FIRST = 'a'.charCodeAt(0);
const HELD_OUT = 40_000;

/** Symbols 0 … 15 as the letters a … p. */
const spell = (symbols: Int32Array): string =>
  Buffer.from(Uint8Array.from(symbols, (s) => s + FIRST)).toString('latin1');

/** Mean surprise of the true chain at every symbol but the first: what a perfect model would score on this very text. */
function surpriseOf(probability: (from: number, to: number) => number, symbols: Int32Array): number {
  let nats = 0;
  for (let i = 1; i < symbols.length; i += 1) nats -= Math.log(probability(symbols[i - 1]!, symbols[i]!));
  return nats / (symbols.length - 1);
}

/** The leak detector: text of a known source has a known lowest loss. */
describe('held-out loss on text of a known Markov chain', () => {
  test.each([1, 2])('converges to the entropy rate and does not go below it (seed %i)', async (seed) => {
    const rows = Array.from({ length: STATES }, (_, i) => randomRow(Rng.derive(seed, 'row', i)));
    const chain = new MarkovChain(rows);
    const [train, held] = [
      chain.sample(Rng.derive(seed, 'train'), 400_000),
      chain.sample(Rng.derive(seed, 'held'), HELD_OUT),
    ];
    const tokenizer = byteTokenizer();
    const config = parseConfig({
      model_type: 'llama',
      vocab_size: tokenizer.vocabSize,
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 64,
      tie_word_embeddings: true,
    });
    const model: Model = { config, weights: initWeights(config, seed), tokenizer };
    const texts = chunks(train, 4_000).map(spell);
    const source = new TextWindows({ texts, tokenizer, rows: 32, length: 64, seed });
    const before = await evaluateText(model, spell(held), { contextLength: 64 });
    const trained = await trainLanguageModel({ model, source, steps: 500, optimizer: { name: 'muon' } });
    const after = await evaluateText(trained.model, spell(held), { contextLength: 64 });

    const floor = surpriseOf((from, to) => rows[from]![to]!, held);
    expect(Math.abs(floor / chain.entropyRate - 1)).toBeLessThan(0.01);
    expect(before.loss).toBeGreaterThan(1.9 * floor);
    expect(after.loss).toBeLessThan(1.01 * floor);
    // A model that never saw this text cannot beat its source, but for chance: the mean of 40,000 differences of
    // log-probabilities that are all small.
    expect(after.loss).toBeGreaterThan(0.999 * floor);
  });
});

function randomRow(rng: Rng): number[] {
  const weights = Array.from({ length: STATES }, () => (1 - rng.float()) ** -1);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}

function chunks(symbols: Int32Array, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(symbols.length / size) }, (_, i) => symbols.slice(i * size, (i + 1) * size));
}
