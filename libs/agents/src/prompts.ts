import type { Question } from './ports.js';

/** How a model is asked for what is wrong with an answer (Madaan et al. 2023, arXiv:2303.17651, in as few words as a small model can read). */
export function critiquePrompt({ prompt }: Question, answer: string): string {
  return `${prompt}\n${answer}\nwrong?`;
}

/** How a model is asked again, with its answer and what was said against it. */
export function revisionPrompt({ prompt }: Question, answer: string, critique: string): string {
  return `${prompt}\nnot ${answer}\n${critique}\n${prompt}`;
}
