import { letterFamily } from './letters.js';

/** copy of a longer word, 8 to 16 letters */
export const memory = letterFamily({
  name: 'memory',
  summary: 'copy of a longer word, 8 to 16 letters',
  minLength: 8,
  maxLength: 16,
  verb: 'copy',
  guess: 'order',
  solve: (word) => word,
});
