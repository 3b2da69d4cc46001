import { ForgeError } from '@agent-forge/contracts';
import { byteTokenizer, type Model } from '@agent-forge/model';
import { paramError } from '../param-mistakes.js';

/**
 * Sees that a model can be trained on rows of so many tokens before anything is computed with it.
 * @param rowLength of the phase's parameter of this name; left out where rows are as long as their items
 * @throws ForgeError INVALID_ARGUMENT for a packed model or rows that are too long, TOKENIZER_INVALID for one whose vocabulary has no room for its tokens
 */
export function assertTrainable(phase: string, { config, tokenizer }: Model, rowLength = 0): void {
  if (config.ternary?.mode === 'offline')
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'the model is packed: its weights are ternary for good; train the model that it was packed from',
    );
  if (rowLength > config.maxPositionEmbeddings)
    throw paramError(phase, {
      path: ['rowLength'],
      problem: `is ${rowLength}, more than the ${config.maxPositionEmbeddings} positions of the model`,
    });
  const needed = (tokenizer ?? byteTokenizer()).vocabSize;
  if (needed > config.vocabSize)
    throw new ForgeError(
      'TOKENIZER_INVALID',
      tokenizer === null
        ? `the model has no tokenizer.json, and its ${config.vocabSize} embeddings are too few for bytes, which take ${needed}; put its tokenizer beside it`
        : `the tokenizer has ${needed} tokens and the model ${config.vocabSize} embeddings; they do not belong together`,
    );
}
