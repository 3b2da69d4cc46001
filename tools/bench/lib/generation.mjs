// What the benchmarks of generation have in common: one 171 M-parameter shape, and how tokens per second are counted.

export const PROMPT_TOKENS = 128;
export const NEW_TOKENS = 64;
export const VOCABULARY = 8192;
/** Llama with its own head, as tools/peers/llama_cpp_decode.py writes it. */
export const CONFIG = {
  model_type: 'llama',
  vocab_size: VOCABULARY,
  hidden_size: 1024,
  num_hidden_layers: 12,
  num_attention_heads: 16,
  intermediate_size: 2816,
  max_position_embeddings: 512,
};

/** Tokens per second of one prompt and of the tokens after the first, through the public generator. */
export async function generate(generator, prompt) {
  const times = [performance.now()];
  const options = { maxTokens: NEW_TOKENS + 1, temperature: 0, stopTokens: [] };
  for await (const _ of generator.generate([prompt], options)) times.push(performance.now());
  const [start, first] = times;
  return { prefill: (1000 * prompt.length) / (first - start), decode: (1000 * NEW_TOKENS) / (times.at(-1) - first) };
}
