import type { ModelShape } from '../estimate.js';

/** Tokens of the byte-level tokenizer, special ones included. */
export const BYTE_VOCABULARY = 272;

/** Width for each layer, and of the feed-forward part, in what is common between a million and a billion weights. */
const WIDTH_PER_LAYER = 64;
const FEED_FORWARD = 2;

/**
 * A usual shape for a number of weights, where nothing but that number is known of a model before it is read. A layer has (4 + 3 · 2) width² weights, and
 * there is one for each 64 of width, so the weights grow with the cube of the width.
 */
export function typicalShape(parameters: number, vocabSize: number): ModelShape {
  const perLayer = 4 + 3 * FEED_FORWARD;
  const hiddenSize = Math.cbrt((parameters * WIDTH_PER_LAYER) / perLayer);
  const layers = hiddenSize / WIDTH_PER_LAYER;
  return { hiddenSize, intermediateSize: FEED_FORWARD * hiddenSize, layers, heads: layers, vocabSize };
}
