import { ForgeError, type Rng } from '@agent-forge/contracts';
import { defineFamily, type FamilyKind } from './family.js';

/** The letters that words of letter tasks are made of. */
export const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** Longer words than this do not fit the short rows that tasks are packed into. */
export const MAX_WORD_LENGTH = 48;

/** What sets one letter task apart from its siblings. */
export interface LetterTask {
  readonly name: string;
  readonly summary: string;
  readonly minLength: number;
  readonly maxLength: number;
  /** First word of the prompt, and of the key: tasks of the same verb share their units. */
  readonly verb: string;
  /**
   * What the guess behind the chance level knows: `order`, the letters of the answer but not their order;
   * `letters`, only how many there are.
   */
  readonly guess: 'order' | 'letters';
  solve(word: string): string;
}

/** A family of prompts `verb word`, where the answer is a word made from it by a fixed rule. */
export function letterFamily(task: LetterTask): FamilyKind {
  const length = (value: number) => ({ default: value, min: 1, max: MAX_WORD_LENGTH });
  const settings = { minLength: length(task.minLength), maxLength: length(task.maxLength) };
  const pattern = new RegExp(`^${task.verb} ([a-z]+)$`);
  return defineFamily(task.name, task.summary, settings, ({ minLength, maxLength }) => {
    const lengths = range(minLength, maxLength, `minLength of family ${task.name}`);
    const byOrder = task.guess === 'order';
    return {
      keyCount: lengths.reduce((sum, n) => sum + LETTERS.length ** n, 0),
      chance: mean(lengths.map(byOrder ? rightOrderShare : (n) => LETTERS.length ** -n)),
      chanceOf: byOrder ? 'the letters of the answer in a random order' : 'random letters, as many as the answer has',
      draw: (rng) => drawWord(rng, rng.pick(lengths)),
      prompt: (word) => `${task.verb} ${word}`,
      parse: (prompt) => pattern.exec(prompt)?.[1],
      answer: (word) => task.solve(word),
      key: (word) => `${task.verb} ${word}`,
      difficulty: (word) => word.length,
    };
  });
}

/**
 * The whole numbers from min to max.
 * @throws ForgeError INVALID_ARGUMENT when min is over max
 */
export function range(min: number, max: number, what: string): number[] {
  if (min > max) throw new ForgeError('INVALID_ARGUMENT', `${what} is ${min}, over the maximum of ${max}`);
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function drawWord(rng: Rng, length: number): string {
  return Array.from({ length }, () => LETTERS.charAt(rng.int(LETTERS.length))).join('');
}

/**
 * How often a random order of a random word's letters is the right one: the sum over all multisets of (its share of
 * the words) × (1 / its orders) is the number of multisets over the number of words, C(26 + n − 1, n) / 26^n.
 */
function rightOrderShare(length: number): number {
  let share = 1;
  for (let i = 1; i <= length; i += 1) share *= (LETTERS.length + i - 1) / i / LETTERS.length;
  return share;
}
