import { bakedMark, type BakedMark } from './adapters/baked-mark.js';
import type { LlamaConfig } from './config.js';
import { thoughtMark, type ThoughtMark } from './thoughts/mark.js';

/** How a model answers, beside what it is asked. */
export interface AnswerForm {
  /** What it thinks before its answers, and about what; nothing when left out. */
  readonly thinking?: ThoughtMark | undefined;
  /** System prompts that are in its weights, by the family whose plain questions it answers under them. */
  readonly baked?: BakedMark | undefined;
}

/** What a model is marked for: thoughts before its answers, prompts in its weights. */
export function answerFormOf(config: LlamaConfig): AnswerForm {
  return { thinking: thoughtMark(config), baked: bakedMark(config) };
}
