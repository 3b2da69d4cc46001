import { LETTERS, letterFamily } from './letters.js';

/** next abcz -> bcda: the letter after each, and a after z */
export const next = letterFamily({
  name: 'next',
  summary: 'next abcz -> bcda: the letter after each, and a after z',
  minLength: 4,
  maxLength: 4,
  verb: 'next',
  guess: 'letters',
  solve: (word) => [...word].map((letter) => LETTERS[(LETTERS.indexOf(letter) + 1) % LETTERS.length]).join(''),
});
