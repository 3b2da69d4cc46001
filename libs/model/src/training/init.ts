import { Rng } from '@agent-forge/contracts';
import type { LlamaConfig } from '../config.js';
import { type Weights, expectedShapes } from '../weights.js';

/**
 * Random weights: normal with `initializerRange`, the two projections that write into the residual stream smaller by
 * √(2 · layers) (Radford et al. 2019, GPT-2, section 2.3), gains 1, biases 0. Each tensor has its own random stream,
 * so that adding one does not change the others.
 */
export function initWeights(config: LlamaConfig, seed: number): Weights {
  const residual = config.initializerRange / Math.sqrt(2 * config.numLayers);
  const weights: Weights = new Map();
  for (const [name, shape] of expectedShapes(config)) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.endsWith('.bias')) data.fill(0);
    else if (shape.length === 1) data.fill(1);
    else {
      const rng = Rng.derive(seed, 'init', name);
      const std = /\.(o_proj|down_proj)\.weight$/.test(name) ? residual : config.initializerRange;
      for (let i = 0; i < data.length; i++) data[i] = std * rng.normal();
    }
    weights.set(name, { shape, data });
  }
  return weights;
}
