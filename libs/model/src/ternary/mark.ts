import { shown } from '../shown.js';

/** How the weights of a ternary model become ternary. */
export interface TernaryMark {
  /**
   * `online`: the folder holds floating-point weights, which every forward pass quantises, and which can be trained.
   * `offline`: the weights are ternary already, times their scale; only activations are still quantised.
   */
  readonly mode: 'online' | 'offline';
  /** transformers' class for the layers; it also says whether a packed scale divides (`bitlinear`) or multiplies. */
  readonly linearClass: 'bitlinear' | 'autobitlinear';
  /** One scale for a matrix, or one for each of its rows. */
  readonly scaleAxis: 'tensor' | 'channel';
  /** Scales rounded to half precision are stored exactly by GGUF. */
  readonly scaleGrid: 'float32' | 'float16';
}

/** What a model is marked with when it begins to be trained as a ternary one. */
export const TERNARY_TRAINING: TernaryMark = {
  mode: 'online',
  linearClass: 'autobitlinear',
  scaleAxis: 'tensor',
  scaleGrid: 'float16',
};

/** Matrices that are ternary in a marked model: every projection of the layers, but neither embedding nor head. */
export function isTernary(name: string): boolean {
  return /\.(?:self_attn|mlp)\.[a-z]+_proj\.weight$/.test(name);
}

/** Parts that transformers leaves alone anyway, so that naming them changes nothing. */
const NEVER_CONVERTED = ['lm_head', 'model.embed_tokens', 'embed_tokens'];

/**
 * Reads `quantization_config` of a config.json, as transformers' BitNetQuantConfig has it, with two keys of ours
 * (`scale_axis`, `scale_grid`) that other tools ignore.
 * @param fail gets the key and what is wrong with it, and throws
 */
export function parseTernaryMark(
  json: Readonly<Record<string, unknown>>,
  fail: (key: string, problem: string) => never,
): TernaryMark {
  const one = <T extends string>(key: string, choices: readonly T[], fallback: T): T => {
    const value = json[key] ?? fallback;
    return choices.includes(value as T)
      ? (value as T)
      : fail(key, `is ${shown(value)}; ${choices.join(' and ')} are supported`);
  };
  if (json['quant_method'] !== 'bitnet')
    fail('quant_method', `is ${shown(json['quant_method'])}; of quantised folders only bitnet ones can be read`);
  if (json['use_rms_norm'] === true) fail('use_rms_norm', 'is true, which is not supported');
  const kept = json['modules_to_not_convert'] ?? [];
  if (!Array.isArray(kept) || !kept.every((name) => NEVER_CONVERTED.includes(name as string)))
    fail('modules_to_not_convert', `is ${shown(kept)}; only embedding and head can be left out`);
  const linearClass = one('linear_class', ['bitlinear', 'autobitlinear'], 'bitlinear');
  const mode = one('quantization_mode', ['offline', 'online'], 'offline');
  if (linearClass === 'bitlinear' && mode === 'online')
    fail('quantization_mode', 'is online, which needs the linear_class autobitlinear');
  return {
    mode,
    linearClass,
    scaleAxis: one('scale_axis', ['tensor', 'channel'], 'tensor'),
    scaleGrid: one('scale_grid', ['float32', 'float16'], 'float32'),
  };
}

/** The `quantization_config` of a mark; keys of ours appear only where they say something. */
export function ternaryMarkJson(mark: TernaryMark): Record<string, unknown> {
  return {
    quant_method: 'bitnet',
    linear_class: mark.linearClass,
    quantization_mode: mark.mode,
    modules_to_not_convert: null,
    ...(mark.scaleAxis === 'channel' && { scale_axis: 'channel' }),
    ...(mark.scaleGrid === 'float16' && { scale_grid: 'float16' }),
  };
}
