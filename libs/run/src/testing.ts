import { create } from '@bufbuild/protobuf';
import { makeEvent, RecipeSchema, type LogEvent, type Recipe } from '@agent-forge/contracts';
import { decide, type Command, type EventDraft } from './decide.js';
import { evolve } from './evolve.js';
import type { RunState } from './state.js';

/** A recipe of phases without parameters, for tests. */
export function recipeOf(...phases: string[]): Recipe {
  return create(RecipeSchema, { name: 'test', seed: 1, phases: phases.map((phase) => ({ phase })) });
}

/** The event of a draft in run `r1` of tenant `t1`, for tests. */
export function eventOf(draft: EventDraft, source = '/test'): LogEvent {
  return makeEvent({ ...draft, tenant: 't1', run: 'r1', time: '2026-01-01T00:00:00Z', source }) as LogEvent;
}

/** A run's log in memory with the rule of the real one: an append names the last sequence, or it is refused. */
export class MemoryLog {
  readonly events: LogEvent[] = [];
  state: RunState | undefined;

  /** Whether the event was taken. */
  append(event: LogEvent, expectedSequence: number): boolean {
    if (expectedSequence !== this.events.length) return false;
    this.events.push(event);
    this.state = evolve(this.state, event, this.events.length);
    return true;
  }

  /** Decides on the present state and appends. */
  execute(command: Command): LogEvent | undefined {
    const decision = decide(this.state, command);
    if (!('append' in decision)) return undefined;
    const event = eventOf(decision.append);
    this.append(event, this.events.length);
    return event;
  }
}
