import type { LlamaConfig } from '../config.js';

/** How a model thinks before it answers: a setting of its `config.json`, so that whoever trains or measures it later goes on in the same form. */
export interface ThoughtMark {
  /** Task families whose answers have a thought before them. */
  readonly families: readonly string[];
  /** The thought is the item's derivation, to be learnt like the answer; or `tokens` pauses, which are given (Goyal et al. 2024, arXiv:2310.02226). */
  readonly form: 'derivation' | 'pause';
  /** Tokens between start and end. */
  readonly tokens: number;
}

const FAMILIES = 'thought_families';
const FORM = 'thought_form';
const TOKENS = 'thought_tokens';

/** The mark of a configuration; undefined for a model that answers at once. */
export function thoughtMark({ extra = {} }: Pick<LlamaConfig, 'extra'>): ThoughtMark | undefined {
  const { [FAMILIES]: families, [FORM]: form, [TOKENS]: tokens } = extra;
  if (typeof families !== 'string' || typeof tokens !== 'number') return undefined;
  if (form !== 'derivation' && form !== 'pause') return undefined;
  return { families: families.split(','), form, tokens };
}

/** The configuration with another mark, or with none. */
export function withThoughtMark(config: LlamaConfig, mark: ThoughtMark | undefined): LlamaConfig {
  const { [FAMILIES]: _families, [FORM]: _form, [TOKENS]: _tokens, ...others } = config.extra ?? {};
  const { extra: _extra, ...plain } = config;
  const extra = mark
    ? { ...others, [FAMILIES]: mark.families.join(','), [FORM]: mark.form, [TOKENS]: mark.tokens }
    : others;
  return Object.keys(extra).length > 0 ? { ...plain, extra } : plain;
}
