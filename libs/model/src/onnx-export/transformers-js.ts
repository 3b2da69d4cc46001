import { AutoModelForCausalLM, env, Tensor } from '@huggingface/transformers';

/**
 * Generates greedily from a folder with transformers.js; a program of its own, since the library computes in the process that loads it. For tests.
 * Arguments: the folder that models lie in, the model, an encoding or nothing for the folder's own, tokens to write, and the prompt's ids as JSON. Writes the ids of the whole sequence as JSON.
 */
async function generate([
  root = '',
  name = '',
  dtype = '',
  tokens = '1',
  prompt = '[]',
]: readonly string[]): Promise<void> {
  env.allowRemoteModels = false;
  env.localModelPath = root;
  const ids = JSON.parse(prompt) as number[];
  const model = await AutoModelForCausalLM.from_pretrained(name, dtype === '' ? {} : { dtype: dtype as 'fp32' });
  const int64 = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const inputs = { input_ids: int64(ids), attention_mask: int64(ids.map(() => 1)) };
  const output = await model.generate({ ...inputs, max_new_tokens: Number(tokens), do_sample: false } as never);
  const [sequence] = (output as Tensor).tolist() as bigint[][];
  process.stdout.write(JSON.stringify(sequence!.map(Number)));
}

await generate(process.argv.slice(2));
