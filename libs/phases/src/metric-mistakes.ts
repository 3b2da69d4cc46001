import { nearest } from '@agent-forge/contracts';
import type { ParamMistake } from './param-mistakes.js';
import type { Phase } from './phase.js';

/** What is measured of each model, as a part of a metric's name. */
const MEASURED = ['Accuracy', 'Loss', 'BitsPerByte'];
/** So many names can be read in a line. */
const MAX_NAMES = 30;

/** The metrics that a phase can give, by name; `*` stands for a part that a recipe chooses. */
export function metricNames({ metrics = { figures: [], rows: [] } }: Pick<Phase, 'metrics'>): string[] {
  return [...metrics.figures, ...metrics.rows.flatMap((row) => MEASURED.map((measured) => row + measured))];
}

/**
 * Gates on metrics that a phase never gives, which would fail a run after all its work.
 * @param given roles of the models that the phase reads, where the recipe imports them: they are measured as well
 */
export function metricMistakes(
  phase: Pick<Phase, 'name' | 'metrics'>,
  gates: Readonly<Record<string, unknown>>,
  given: readonly string[] = [],
): ParamMistake[] {
  if (phase.metrics === undefined) return [];
  const { figures, rows } = phase.metrics;
  const known = metricNames({ metrics: { figures, rows: [...rows, ...given.map(camel)] } });
  return Object.keys(gates).flatMap((name) => {
    if (known.some((pattern) => matches(pattern, name))) return [];
    const meant = nearest(name, known);
    const shown = known.slice(0, MAX_NAMES).join(', ');
    const problem = `is no metric of ${phase.name}; ${meant === undefined ? `it has ${shown}` : `did you mean ${meant}?`}`;
    return [{ path: ['gates', name], problem }];
  });
}

function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '[A-Z0-9][A-Za-z0-9]*')}$`).test(name);
}

/** As reports write the roles of models: `seed-memory` is `seedMemory`. */
function camel(role: string): string {
  return role.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
