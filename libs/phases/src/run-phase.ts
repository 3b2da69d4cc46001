import { ForgeError } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import type { Phase, PhaseContext } from './phase.js';

/** A phase made something that does not pass its gate. */
export class GateFailure extends ForgeError {
  constructor(
    phase: string,
    problems: readonly string[],
    /** What it made and measured all the same. */
    readonly rejected: PhaseOutcome,
  ) {
    super('GATE_FAILED', `${phase} made something, but it does not pass its gate: ${problems.join('; ')}`);
  }
}

/** Bounds that a recipe sets for metrics, by name. */
export type Bounds = Readonly<Record<string, { readonly min?: number | undefined; readonly max?: number | undefined }>>;

/**
 * Runs a phase and puts its result before its gate and the recipe's. When either fails for good, the recipe allows it and the phase has a fallback, that one
 * is run and judged instead, and the result says so.
 * @throws ForgeError of the phase, or {@link GateFailure}
 */
export async function runPhase(phase: Phase, context: PhaseContext, bounds: Bounds = {}): Promise<PhaseOutcome> {
  try {
    return await judged(phase, context, bounds, await phase.run(context));
  } catch (thrown) {
    const error = ForgeError.from(thrown);
    const { fallback } = phase;
    if (error.retry !== 'permanent' || context.signal.aborted || !context.allowFallback || !fallback) throw error;
    const outcome = await fallenBack(phase, context, bounds, error);
    return { ...outcome, degraded: `${fallback.name}, because ${error.message}` };
  }
}

/** @throws ForgeError of the fallback, whose message has the first cause as well */
async function fallenBack(
  phase: Phase,
  context: PhaseContext,
  bounds: Bounds,
  cause: ForgeError,
): Promise<PhaseOutcome> {
  const { name, run } = phase.fallback!;
  try {
    return await judged(phase, context, bounds, await run(context));
  } catch (thrown) {
    const error = ForgeError.from(thrown);
    throw new ForgeError(error.code, `${cause.message}; the fallback ${name} failed as well: ${error.message}`, error);
  }
}

/** What was measured is not lost with what was made: a note names the report. */
async function judged(
  phase: Phase,
  context: PhaseContext,
  bounds: Bounds,
  outcome: PhaseOutcome,
): Promise<PhaseOutcome> {
  const problems = [...phase.gate(outcome, context.params), ...brokenBounds(outcome, bounds)];
  if (problems.length === 0) return outcome;
  const report = outcome.artifacts.find(({ role }) => role === 'report');
  if (report)
    await context.note({
      ...{ code: 'REJECTED_REPORT', message: `what ${phase.name} measured is in artifact ${report.id}` },
      metrics: outcome.metrics,
    });
  throw new GateFailure(phase.name, problems, outcome);
}

function brokenBounds({ metrics }: PhaseOutcome, bounds: Bounds): string[] {
  return Object.entries(bounds).flatMap(([name, { min = -Infinity, max = Infinity }]) => {
    const value = metrics[name];
    if (value === undefined) return [`it has no metric ${name}, only ${Object.keys(metrics).join(', ')}`];
    if (value >= min && value <= max) return [];
    return [`${name} is ${value}, ${value < min ? `below the recipe's ${min}` : `not within the recipe's ${max}`}`];
  });
}
