import { letterFamily } from './letters.js';

/** copy abcde -> abcde */
export const copy = letterFamily({
  name: 'copy',
  summary: 'copy abcde -> abcde',
  minLength: 4,
  maxLength: 7,
  verb: 'copy',
  guess: 'order',
  solve: (word) => word,
});
