import { ForgeError, type RunView } from '@agent-forge/contracts';

/** What the demo's table shows: metric of evomerge, and its name for people. Seeds stand between trunk and merge. */
const ROWS = {
  oneGram: 'one-gram baseline',
  threeGram: 'three-gram baseline',
  trunk: 'trunk',
  merged: 'merge of the seeds',
};
const SUFFIX = 'BitsPerByte';

/** What came of a demo. */
export interface DemoSummary {
  run: string;
  /** Held-out bits per byte, lower is better: `oneGram`, `threeGram`, `trunk`, `seed1`, `seed2`, `merged`. */
  bitsPerByte: Record<string, number>;
  /** The folder of the merged model. */
  model: string;
  /** Its artifact. */
  artifactId: string;
  /** From the request to the last event. */
  seconds: number;
}

/**
 * The figures of a completed run of the demo's recipe.
 * @param model the folder where its model lies
 * @throws ForgeError INTERNAL when the run has not made what its recipe promises
 */
export function summarise(run: RunView, artifactId: string, model: string): DemoSummary {
  const measured = run.phases.find(({ phase }) => phase === 'evomerge')?.metrics ?? {};
  const bits = new Map(
    Object.entries(measured)
      .filter(([name]) => name.endsWith(SUFFIX))
      .map(([name, value]) => [name.slice(0, -SUFFIX.length), value]),
  );
  const seeds = [...bits.keys()].filter((name) => /^seed\d+$/.test(name)).sort();
  const bitsPerByte: Record<string, number> = {};
  for (const name of ['oneGram', 'threeGram', 'trunk', ...seeds, 'merged']) {
    const value = bits.get(name);
    if (value === undefined) throw new ForgeError('INTERNAL', `run ${run.id} has no measure of ${name}`);
    bitsPerByte[name] = value;
  }
  const seconds = (Date.parse(run.endedAt ?? run.requestedAt) - Date.parse(run.requestedAt)) / 1000;
  return { run: run.id, bitsPerByte, model, artifactId, seconds };
}

/** The table for people. */
export function table({ bitsPerByte }: DemoSummary): string {
  const rows = Object.entries(bitsPerByte).map(([name, bits]) => {
    const label = (ROWS as Record<string, string>)[name] ?? name.replace(/^seed/, 'seed ');
    return `  ${label.padEnd(22)}${bits.toFixed(3).padStart(6)}`;
  });
  return ['held-out bits per byte (lower is better)', '', ...rows].join('\n');
}
