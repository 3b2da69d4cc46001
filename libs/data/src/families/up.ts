import { letterFamily } from './letters.js';

/** up abcde -> ABCDE */
export const up = letterFamily({
  name: 'up',
  summary: 'up abcde -> ABCDE',
  minLength: 5,
  maxLength: 5,
  verb: 'up',
  guess: 'letters',
  solve: (word) => word.toUpperCase(),
});
