/** The table of phases, in the order of the whole pipeline. A recipe may leave phases out or start in the middle. */
export const PHASES = [
  { name: 'cognate', summary: 'trains one trunk and several seed models from it, or imports models' },
  { name: 'evomerge', summary: 'merges the seed models into one, searching for the best mixture' },
  { name: 'quietstar', summary: 'teaches the model to think before it answers' },
  { name: 'bitnet', summary: 'trains the model on with ternary weights in its forward pass' },
  { name: 'training', summary: 'trains the ternary model on, through the quantiser' },
  { name: 'baking', summary: 'bakes the behaviour of a prompt into the weights' },
  { name: 'adas', summary: 'trains expert vectors and searches for the agent that uses them best' },
  { name: 'compression', summary: 'chooses the smallest encoding that keeps the quality' },
] as const;

/** The name of a phase of {@link PHASES}. */
export type PhaseName = (typeof PHASES)[number]['name'];

/** Whether a value is the name of a phase of the table. */
export function isPhaseName(value: unknown): value is PhaseName {
  return PHASES.some((phase) => phase.name === value);
}
