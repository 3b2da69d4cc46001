import { DialogueEncoder, type TaskItem } from '@agent-forge/data';
import { createGenerator, THINK_TOKENS, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';

/** Tokens that a thought may have beyond the steps of its item, before it is cut off. */
const SPARE_TOKENS = 8;

/** What a model thinks before each answer, greedily and unaided; undefined where it answers without thinking, or does not end a thought. */
export async function ownThoughts(
  model: Model,
  items: readonly TaskItem[],
  { threads, signal }: Pick<PhaseContext, 'threads' | 'signal'>,
): Promise<(string | undefined)[]> {
  const tokenizer = model.tokenizer!;
  const encoder = new DialogueEncoder(tokenizer);
  const [start, end] = [tokenizer.tokenToId(THINK_TOKENS.start)!, tokenizer.tokenToId(THINK_TOKENS.end)!];
  const prompts = items.map((item) => encoder.encodePrompt(item));
  const written: number[][] = items.map(() => []);
  const longest = Math.max(...items.map(({ thoughts = '' }) => tokenizer.encode(thoughts).length));
  const generator = await createGenerator(model, { threads });
  try {
    const options = { maxTokens: longest + SPARE_TOKENS, temperature: 0, signal };
    for await (const { prompt, tokenId } of generator.generate(prompts, {
      ...options,
      stopTokens: stopsOf(model, end),
    }))
      written[prompt]!.push(tokenId);
  } finally {
    await generator.release();
  }
  return written.map((tokens) => {
    if (tokens[0] !== start || tokens.at(-1) !== end) return undefined;
    return tokenizer.decode(tokens.slice(1, -1), { skipSpecialTokens: true });
  });
}

/** A thought has ended, or there was none. */
function stopsOf({ config, tokenizer }: Model, end: number): number[] {
  const eosId = tokenizer?.eosId ?? null;
  return [...new Set([end, ...config.eosTokenId, ...(eosId === null ? [] : [eosId])])];
}

/** Items with thoughts before their answers, which are given and not to be learnt. */
export function withThoughts(items: readonly TaskItem[], thoughts: readonly (string | undefined)[]): TaskItem[] {
  return items.map((item, i) => {
    const text = thoughts[i];
    return text === undefined ? item : { ...item, thinking: { text, learnt: false } };
  });
}
