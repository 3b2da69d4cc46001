import type { Manifest } from '@agent-forge/contracts';

/** Digits of an id that tell artifacts of one lineage apart. */
const SHORT_ID = 12;

/** The lineage of a model as a tree of text: what each artifact was made from stands beneath it; what stands twice is told once. */
export function lineageTree(parents: readonly string[], ancestors: ReadonlyMap<string, Manifest>): string[] {
  const told = new Set<string>();
  const lines: string[] = [];
  const walk = (id: string, depth: number): void => {
    const manifest = ancestors.get(id);
    const what = manifest ? describe(manifest) : 'no longer in the store';
    const isOld = told.has(id);
    lines.push(`${'  '.repeat(depth)}${id.slice(0, SHORT_ID)}  ${what}${isOld ? ' (as above)' : ''}`);
    told.add(id);
    if (manifest && !isOld) for (const parent of manifest.lineage.parents) walk(parent, depth + 1);
  };
  for (const parent of parents) walk(parent, 1);
  return lines;
}

function describe({ kind, lineage: { phase, params, degraded } }: Manifest): string {
  const { role } = params as { role?: unknown };
  const name = typeof role === 'string' ? `${phase}, ${role}` : phase;
  return `${name} (${kind})${degraded === undefined ? '' : `, degraded: ${degraded}`}`;
}
