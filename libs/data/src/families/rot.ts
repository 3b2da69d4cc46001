import { letterFamily } from './letters.js';

/** rot abcde -> bcdea */
export const rot = letterFamily({
  name: 'rot',
  summary: 'rot abcde -> bcdea',
  minLength: 5,
  maxLength: 5,
  verb: 'rot',
  guess: 'order',
  solve: (word) => word.slice(1) + word.slice(0, 1),
});
