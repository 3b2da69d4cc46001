import type { LlamaConfig } from '../config.js';

/**
 * The system prompts that are in a model's weights, by the task family whose questions it answers as if they stood before them: a setting of its
 * `config.json`, so that whoever trains or measures the model later goes on with the answers that it now gives.
 */
export type BakedMark = Readonly<Record<string, string>>;

const KEY = 'baked_prompts';

/** The mark of a configuration; undefined for a model into which nothing was baked. */
export function bakedMark({ extra = {} }: Pick<LlamaConfig, 'extra'>): BakedMark | undefined {
  const text = extra[KEY];
  if (typeof text !== 'string') return undefined;
  try {
    const mark: unknown = JSON.parse(text);
    const isMark = typeof mark === 'object' && mark !== null && !Array.isArray(mark);
    return isMark && Object.values(mark).every((prompt) => typeof prompt === 'string')
      ? (mark as BakedMark)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The configuration with more families marked. */
export function withBakedMark(config: LlamaConfig, more: BakedMark): LlamaConfig {
  const mark = { ...bakedMark(config), ...more };
  return Object.keys(mark).length > 0 ? { ...config, extra: { ...config.extra, [KEY]: JSON.stringify(mark) } } : config;
}

/** The configuration without some families' mark. */
export function withoutBakedMark(config: LlamaConfig, families: readonly string[]): LlamaConfig {
  const left = Object.entries(bakedMark(config) ?? {}).filter(([family]) => !families.includes(family));
  const { [KEY]: _mark, ...others } = config.extra ?? {};
  const { extra: _extra, ...plain } = config;
  const bare = Object.keys(others).length > 0 ? { ...plain, extra: others } : plain;
  return withBakedMark(bare, Object.fromEntries(left));
}
