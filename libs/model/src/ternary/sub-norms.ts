import { ForgeError } from '@agent-forge/contracts';
import { type Model, type Weights, expectedShapes } from '../weights.js';

/**
 * A norm before the projections that write into the residual stream, as BitNet has them (arXiv:2504.12285, section 2): the
 * model becomes one of the `bitnet` architecture, which transformers and llama.cpp know. Gains begin at 1 unless given.
 * @param gains values of a new gain by its name, one for all its elements; the rms of what flows there keeps the function
 * @throws ForgeError `INVALID_ARGUMENT` for architectures that have no bitnet counterpart
 */
export function addSubNorms(model: Model, gains: ReadonlyMap<string, number> = new Map()): Model {
  const { config } = model;
  if (config.architecture === 'bitnet') return model;
  if (config.architecture !== 'llama' || config.numHeads * config.headDim !== config.hiddenSize)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'sub-norms need a llama model whose heads together are as wide as the model: bitnet has no other',
    );
  const grown = { ...config, architecture: 'bitnet' } as const;
  const weights: Weights = new Map();
  for (const [name, shape] of expectedShapes(grown)) {
    const data = () => new Float32Array(shape[0]!).fill(gains.get(name) ?? 1);
    weights.set(name, model.weights.get(name) ?? { shape, data: data() });
  }
  return { ...model, config: grown, weights };
}
