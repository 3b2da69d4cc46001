import { ForgeError } from '@agent-forge/contracts';
import type { Phase, PhaseContext } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';

/**
 * Runs a phase and puts its result before its gate. When either fails for good, the recipe allows it and the phase has a fallback, that one
 * is run and judged instead, and the result says so.
 * @throws ForgeError of the phase, or GATE_FAILED
 */
export async function runPhase(phase: Phase, context: PhaseContext): Promise<PhaseOutcome> {
  try {
    return judged(phase, context, await phase.run(context));
  } catch (thrown) {
    const error = ForgeError.from(thrown);
    const { fallback } = phase;
    if (error.retry !== 'permanent' || context.signal.aborted || !context.allowFallback || !fallback) throw error;
    const outcome = judged(phase, context, await fallback.run(context));
    return { ...outcome, degraded: `${fallback.name}, because ${error.message}` };
  }
}

function judged(phase: Phase, context: PhaseContext, outcome: PhaseOutcome): PhaseOutcome {
  const problems = phase.gate(outcome, context.params);
  if (problems.length === 0) return outcome;
  throw new ForgeError(
    'GATE_FAILED',
    `${phase.name} made something, but it does not pass its gate: ${problems.join('; ')}`,
  );
}
