import { letterFamily } from './letters.js';

/** rev abcdef -> fedcba */
export const rev = letterFamily({
  name: 'rev',
  summary: 'rev abcdef -> fedcba',
  minLength: 6,
  maxLength: 6,
  verb: 'rev',
  guess: 'order',
  solve: (word) => [...word].reverse().join(''),
});
