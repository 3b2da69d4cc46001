import type { TokenModel } from './decoder.js';
import { TokenGenerator } from './token-generator.js';

/** Tokens per second of one sequence that begins with nothing, greedily; the first token, which is the prompt's, left out. */
export async function decodingSpeed(decoder: TokenModel, tokens: number): Promise<number> {
  const { bosTokenId, maxPositionEmbeddings } = decoder.model.config;
  const maxTokens = Math.min(tokens, maxPositionEmbeddings - 1);
  let begunMs = 0;
  let count = 0;
  const options = { maxTokens, temperature: 0, stopTokens: [] };
  for await (const _ of new TokenGenerator(decoder).generate([[bosTokenId ?? 0]], options))
    if (count++ === 0) begunMs = performance.now();
  return (1000 * (count - 1)) / (performance.now() - begunMs);
}
