import { TextWindows } from '@agent-forge/data';
import { byteTokenizer, initWeights, parseConfig, trainLanguageModel } from '@agent-forge/model';
import { BYTE_VOCABULARY, trainingFlops } from '@agent-forge/phases';
import type { WorkerContext } from '@agent-forge/tensor/worker';

/** What is timed, and on how many threads. */
export interface RateJob {
  readonly threads: number;
}

/** The default model of cognate and its batch. */
const SHAPE = { hiddenSize: 256, intermediateSize: 512, layers: 2, heads: 4, vocabSize: BYTE_VOCABULARY };
const STEP = { rows: 12, rowLength: 64, optimizer: 'adamw' } as const;
/** Calls of 1, 2, 4 and 8 steps: about half a second of training. */
const STEPS = 15;

/** Trains a small model for a moment, and gives operations per second of its fastest call: other programs only ever make one slower. */
export async function run({ threads }: RateJob, { signal }: WorkerContext): Promise<number> {
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: SHAPE.hiddenSize,
    intermediate_size: SHAPE.intermediateSize,
    num_hidden_layers: SHAPE.layers,
    num_attention_heads: SHAPE.heads,
    tie_word_embeddings: true,
  });
  const texts = [Array.from({ length: 5_000 }, (_, i) => `${i} `).join('')];
  const { rows, rowLength: length } = STEP;
  let fastest = 0;
  await trainLanguageModel({
    model: { config, tokenizer, weights: initWeights(config, 1) },
    source: new TextWindows({ texts, tokenizer, rows, length, seed: 1 }),
    optimizer: { name: STEP.optimizer },
    steps: STEPS,
    threads,
    signal,
    onProgress: ({ tokensPerSecond }) => (fastest = Math.max(fastest, tokensPerSecond)),
  });
  return (trainingFlops(SHAPE, STEP) * fastest) / (rows * length);
}
