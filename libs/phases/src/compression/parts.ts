import { freezeTernary, isTernary, type Model } from '@agent-forge/model';

/** The tensors that a codec is named for. */
export type Part = 'matrices' | 'tables';

const TABLES = ['model.embed_tokens.weight', 'lm_head.weight'];

/** Which part a tensor belongs to; undefined for norms and biases, which are small and stay as they are. */
export function partOf(tensor: string): Part | undefined {
  if (isTernary(tensor)) return 'matrices';
  return TABLES.includes(tensor) ? 'tables' : undefined;
}

/**
 * The values that are stored: of a ternary model those that its forward pass multiplies with, never the ones behind them, which without their quantiser
 * are another network.
 */
export function storedModel(model: Model): Model {
  return freezeTernary(model);
}
