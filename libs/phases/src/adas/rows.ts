/** What the rows of the report are called; those of experts are {@link expertRow}. */
export const ROWS = {
  /** The model as it came in. */
  base: 'base',
  /** Each question by the expert that the router sends it to. */
  routed: 'routed',
  /** Each domain by the mixture of experts that was found for it. */
  mixture: 'mixture',
  /** Everything by one expert for everything. */
  generalist: 'generalist',
  /** Each domain by its expert with the factors of each matrix in another order. */
  shuffled: 'shuffled',
  /** The model that goes on, where something was put into its weights. */
  applied: 'applied',
} as const;

/** Name of the row of an expert. */
export function expertRow(name: string): string {
  return `expert-${name}`;
}

/** Between a comparison and the domain that it is on. */
export const ON = ' on ';
