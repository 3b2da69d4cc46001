/** The very program that `forge train` runs (AdamW, clipping), on random tokens, for a tied Llama of one shape. */
export class Trainer {
  /**
   * @param shape [vocabulary, width, layers, heads, key/value heads, FFN]
   * @param batch rows and tokens in a row
   */
  static async create([vocabulary, width, layers, heads, kvHeads, ffn], [rows, length], threads) {
    const { Rng } = await import('@agent-forge/contracts');
    const model = await import('@agent-forge/model');
    const { TrainLoop, buildTrainProgram } = await import('@agent-forge/tensor');
    const config = model.parseConfig({
      model_type: 'llama',
      vocab_size: vocabulary,
      hidden_size: width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      intermediate_size: ffn,
      tie_word_embeddings: true,
    });
    const weights = model.initWeights(config, 0);
    const source = randomTokens(Rng.derive(0, 'bench'), vocabulary, rows, length);
    const optimizer = model.resolveOptimizer({});
    const program = buildTrainProgram({
      parameters: model.parametersOf(weights),
      batch: model.batchFields(source),
      loss: model.languageModelLoss(config, source),
      optimizer: model.makeOptimizer(optimizer),
      clipNorm: optimizer.clipNorm,
    });
    const self = new Trainer();
    self.parameters = model.parameterCount(config);
    self.tokensPerStep = rows * length;
    self.stepBatch = (step) => model.stepBatch(source, step, 1);
    self.loop = await TrainLoop.create(program, new Map([...weights].map(([name, t]) => [name, t.data])), { threads });
    await self.advance(1); // the first call also pays for memory that is allocated once
    self.stepsPerCall = Math.max(1, Math.round((2 * model.CALL_SECONDS) / (await self.advance(2))));
    return self;
  }

  /** Seconds of one call of `count` steps, with making its batches. */
  async advance(count) {
    const start = performance.now();
    const batches = Array.from({ length: count }, (_, i) => this.stepBatch(this.loop.step + i));
    await this.loop.advance(batches, () => 1);
    return (performance.now() - start) / 1000;
  }

  /** Tokens per second over whole calls for at least `seconds`. */
  async window(seconds) {
    let [elapsed, steps] = [0, 0];
    for (; elapsed < seconds; steps += this.stepsPerCall) elapsed += await this.advance(this.stepsPerCall);
    return (steps * this.tokensPerStep) / elapsed;
  }

  release() {
    return this.loop.release();
  }
}

/** A source of uniformly random tokens; speed does not depend on what they are. */
function randomTokens(rng, vocabulary, rows, length) {
  const size = rows * length;
  const tokens = () => Int32Array.from({ length: size }, () => rng.int(vocabulary));
  const batch = () => ({ inputIds: tokens(), targets: tokens(), lossMask: new Float32Array(size).fill(1) });
  return { rows, length, packed: false, batch };
}
