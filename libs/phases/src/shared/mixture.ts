import { ForgeError, Rng } from '@agent-forge/contracts';
import { createFamily, familySource, TaskMix, TextWindows } from '@agent-forge/data';
import { answerFormOf, byteTokenizer, type BatchSource, type Model, type TokenBatch } from '@agent-forge/model';
import type { FamilyMix } from './families.js';

/** What a model is trained on: task families, running text, or both. */
export interface Mixture {
  readonly families: FamilyMix;
  /** Texts of the train part; none when there are only tasks. */
  readonly texts: readonly string[];
  /** Share of the batches that are text, where there is both. */
  readonly textShare: number;
}

/** The form of the batches. */
export interface MixtureShape {
  readonly rows: number;
  readonly length: number;
  readonly seed: number | string;
}

/**
 * Batches of a mixture out of the train part.
 * @throws ForgeError DATA_INVALID when there is neither text nor a family
 */
export function mixtureSource({ families, texts, textShare }: Mixture, model: Model, shape: MixtureShape): BatchSource {
  const tokenizer = model.tokenizer ?? byteTokenizer();
  const sources = Object.entries(families).map(([name, weight]) => familySource(createFamily(name), weight));
  const form = answerFormOf(model.config);
  const tasks = sources.length > 0 ? new TaskMix({ sources, part: 'train', tokenizer, form, ...shape }) : undefined;
  const text = texts.length > 0 ? new TextWindows({ texts, tokenizer, ...shape }) : undefined;
  if (tasks && text) return new Blend(tasks, text, textShare, shape.seed);
  const only = tasks ?? text;
  if (only === undefined)
    throw new ForgeError('DATA_INVALID', 'there is nothing to train on: the recipe names neither families nor data');
  return only;
}

/** Each batch is out of one of two sources; which one is a function of its number. */
export class Blend implements BatchSource {
  readonly packed = true;

  constructor(
    private readonly tasks: BatchSource,
    private readonly text: BatchSource,
    private readonly textShare: number,
    private readonly seed: number | string,
  ) {}

  get rows(): number {
    return this.tasks.rows;
  }
  get length(): number {
    return this.tasks.length;
  }

  batch(k: number): TokenBatch {
    return (isTextBatch(this.seed, this.textShare, k) ? this.text : this.tasks).batch(k);
  }
}

/** Whether a batch of a {@link Blend} is text. */
export function isTextBatch(seed: number | string, textShare: number, k: number): boolean {
  return Rng.derive(seed, 'blend', k).float() < textShare;
}
