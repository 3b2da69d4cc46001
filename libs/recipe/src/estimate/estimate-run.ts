import { phases as knownPhases, resolveParams, type Estimate, type Situation } from '@agent-forge/phases';
import type { BudgetRequest } from '@agent-forge/contracts';
import type { FreeResources } from './machine.js';

/** What one phase of a run will need. */
export interface PhaseEstimate extends Omit<Estimate, 'makes'> {
  readonly phase: string;
}

/** What a run will need. */
export interface RunEstimate {
  readonly phases: readonly PhaseEstimate[];
  /** Of all phases together. */
  readonly seconds: number;
  /** Of the largest phase. */
  readonly memoryMiB: number;
  /** Of all phases together. */
  readonly diskMiB: number;
}

/** Estimates of time and memory are off by as much: what would fit if one were this much too high is not refused. */
const TOLERANCE = 1.5;
const SECONDS_PER_HOUR = 3600;

/** What the phases of a recipe will need, one after the other; parameters are those of a checked recipe. */
export function estimateRun(
  phases: readonly { readonly phase: string; readonly params?: unknown }[],
  situation: Situation,
): RunEstimate {
  let { models } = situation;
  const estimates = phases.flatMap(({ phase: name, params }): PhaseEstimate[] => {
    const phase = knownPhases.find((one) => one.name === name);
    if (phase?.estimate === undefined) return [];
    const { makes, ...estimate } = phase.estimate(resolveParams(phase, params), { ...situation, models });
    models = makes;
    return [{ phase: name, ...estimate }];
  });
  const sum = (of: (estimate: PhaseEstimate) => number) => estimates.reduce((total, one) => total + of(one), 0);
  return {
    phases: estimates,
    seconds: sum(({ seconds }) => seconds),
    memoryMiB: Math.max(0, ...estimates.map(({ memoryMiB }) => memoryMiB)),
    diskMiB: sum(({ diskMiB }) => diskMiB),
  };
}

/** Why a run cannot fit into a budget; empty when it can. */
export function budgetProblems(estimate: RunEstimate, budget: BudgetRequest): string[] {
  const { seconds, memoryMib, diskMib } = budget;
  return [
    ...over(
      estimate,
      'seconds',
      seconds,
      TOLERANCE,
      (limit) => `its budget of ${limit} s; raise budget.seconds or ask for less`,
    ),
    ...over(
      estimate,
      'memoryMiB',
      memoryMib,
      TOLERANCE,
      (limit) => `its budget of ${limit} MiB; raise budget.memory_mib or ask for smaller models or batches`,
    ),
    ...over(
      estimate,
      'diskMiB',
      diskMib,
      1,
      (limit) => `its budget of ${limit} MiB; raise budget.disk_mib or ask for less`,
    ),
  ];
}

/** Why a run cannot fit on a machine; empty when it can. */
export function machineProblems(estimate: RunEstimate, { memoryMiB, diskMiB }: FreeResources): string[] {
  return [
    ...over(
      estimate,
      'memoryMiB',
      memoryMiB,
      TOLERANCE,
      (limit) => `the ${limit} MiB that are free here; ask for smaller models or batches`,
    ),
    ...over(
      estimate,
      'diskMiB',
      diskMiB,
      1,
      (limit) => `the ${limit} MiB that are free here; make room or ask for less`,
    ),
  ];
}

const NOUNS = { seconds: 'time', memoryMiB: 'memory', diskMiB: 'disk' } as const;

function over(
  estimate: RunEstimate,
  key: keyof typeof NOUNS,
  limit: number | undefined,
  tolerance: number,
  tell: (limit: number) => string,
): string[] {
  if (limit === undefined || estimate[key] <= tolerance * limit) return [];
  const text = key === 'seconds' ? timeText : (mib: number) => `${Math.ceil(mib)} MiB`;
  const parts = estimate.phases.map((each) => `${each.phase} ${text(each[key])}`).join(', ');
  return [`it needs about ${text(estimate[key])} of ${NOUNS[key]} (${parts}), over ${tell(Math.floor(limit))}`];
}

/** In seconds, as budgets are, and for people in hours where that is easier to read. */
function timeText(seconds: number): string {
  const text = `${Math.ceil(seconds)} s`;
  return seconds < 2 * SECONDS_PER_HOUR ? text : `${text} = ${(seconds / SECONDS_PER_HOUR).toFixed(1)} h`;
}
