import fc from 'fast-check';
import { decide, type Command } from './decide.js';
import { currentPhase, type RunState } from './state.js';
import { eventOf, MemoryLog, recipeOf } from './testing.js';

/** The phases of the run that is raced on. */
export const PHASES = ['one', 'two'];
const ACTORS = 3;

/** What one actor does next, on what it saw when it last looked at the log. */
export interface Step {
  readonly actor: number;
  /** It looks at the log now. */
  readonly looks: boolean;
  /** It acts on the phase and attempt that it sees as current, instead of the arbitrary ones. */
  readonly sensible: boolean;
  readonly act: Command['do'];
  readonly phase: string;
  readonly attempt: number;
  readonly hasError: boolean;
}

/** Useful work is frequent, so that races reach every end. */
export const WORK: Partial<Record<Command['do'], number>> = {
  claim: 16,
  complete: 24,
  settle: 8,
  release: 2,
  request: 1,
  fail: 1,
  cancel: 1,
};

/** Steps of a race. @param weights how often each command is tried, for their sum */
export function stepsOf(weights: Partial<Record<Command['do'], number>>): fc.Arbitrary<Step[]> {
  const acts = Object.entries(weights).flatMap(([act, weight]) => Array<Command['do']>(weight).fill(act as never));
  const shareOf = (tenths: number) => fc.integer({ min: 0, max: 9 }).map((n) => n < tenths);
  const step = fc.record({
    actor: fc.integer({ min: 0, max: ACTORS - 1 }),
    looks: shareOf(7),
    sensible: shareOf(8),
    act: fc.constantFrom(...acts),
    phase: fc.constantFrom(...PHASES),
    attempt: fc.integer({ min: 1, max: 3 }),
    hasError: fc.boolean(),
  });
  return fc.array(step, { minLength: 20, maxLength: 120 });
}

/**
 * Lets several actors race on one log, each with its own, possibly old, view of it.
 * @param onRefusal hears of commands that make no sense in the state they were decided on
 */
export function race(steps: readonly Step[], onRefusal: (error: unknown) => void): MemoryLog {
  const log = new MemoryLog();
  log.execute({ do: 'request', recipe: recipeOf(...PHASES), requestedBy: 'someone' });
  const seen: (RunState | undefined)[] = Array.from({ length: ACTORS }, () => log.state);
  for (const [number, step] of steps.entries()) {
    if (step.looks) seen[step.actor] = log.state;
    const view = seen[step.actor]!;
    const current = step.sensible ? currentPhase(view) : undefined;
    const { phase, attempt } = current ?? step;
    try {
      const decision = decide(view, commandOf({ ...step, phase, attempt }, number + 1));
      if ('append' in decision) log.append(eventOf(decision.append), view.sequence);
    } catch (error) {
      onRefusal(error);
    }
  }
  return log;
}

/** @param number of a checkpoint or note; no two steps have the same */
function commandOf({ actor, act, phase, attempt, hasError }: Step, number: number): Command {
  const worker = `w${actor}`;
  const error = { code: 'INTERNAL', message: 'planted' };
  const at = { phase, attempt, worker };
  switch (act) {
    case 'request':
      return { do: act, recipe: recipeOf('one'), requestedBy: worker };
    case 'cancel':
      return { do: act, cancelledBy: worker, reason: '' };
    case 'pause':
      return { do: act, pausedBy: worker, reason: '' };
    case 'resume':
      return { do: act, resumedBy: worker };
    case 'retry':
      return { do: act, phase, params: hasError ? { steps: number } : {}, retriedBy: worker };
    case 'complete':
      // The metric tells this result from every other.
      return { do: act, ...at, result: { artifacts: [], metrics: { number } } };
    case 'release':
      return { do: act, ...at, ...(hasError ? { error } : {}) };
    case 'fail':
      return { do: act, ...at, error };
    case 'plan':
      return { do: act, ...at, plan: { steps: number } };
    case 'checkpoint':
      return { do: act, ...at, number, checkpoint: { state: number, artifacts: [] } };
    case 'note':
      return { do: act, ...at, number, note: { code: 'DIVERGED', message: 'planted', metrics: {} } };
    case 'claim':
      return { do: act, phase, worker };
    case 'settle':
      return { do: act };
  }
}
