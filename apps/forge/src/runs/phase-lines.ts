import type { EventData, ForgeEvent } from '@agent-forge/contracts';
import { bar, duration } from '../terminal/progress-line.js';
import { figure } from '../terminal/figure.js';

/** Before this share is done, the time that is left cannot be told. */
const LEAST_SHARE = 0.03;

/** What a line says, and whether it is more than the next number. */
export interface PhaseLine {
  text: string;
  matters: boolean;
}

/** The numbers of the moment: `train trunk  step 20/300  loss 1.203  9120 tokens/s`. */
export function progressText({
  stage,
  step = 0,
  steps = 0,
  metrics = {},
}: {
  readonly stage: string;
  readonly step?: number;
  readonly steps?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}): string {
  const { loss, tokensPerSecond } = metrics;
  const figures = [
    stage,
    steps > 0 ? `step ${step}/${steps}` : undefined,
    loss === undefined ? undefined : `loss ${figure(loss)}`,
    tokensPerSecond === undefined ? undefined : `${Math.round(tokensPerSecond)} tokens/s`,
  ];
  return figures.filter((figure) => figure !== undefined).join('  ');
}

/** Turns the events of a run into one line for each phase. */
export class PhaseLines {
  readonly #startedMs = new Map<string, number>();
  readonly #stages = new Map<string, string>();

  /** @param phases in the order of the recipe */
  constructor(private readonly phases: readonly string[]) {}

  /** A line that is known before anything has happened. */
  waiting(phase: string): string {
    return this.#line(phase, 0, 'waiting');
  }

  /** The line after an event; undefined when it changes none. */
  after(event: ForgeEvent): PhaseLine | undefined {
    const { phase } = event;
    switch (event.name) {
      case 'phase.started':
        this.#startedMs.set(phase, Date.parse(event.time));
        return {
          text: this.#line(phase, 0, event.data.attempt > 1 ? `attempt ${event.data.attempt}` : 'starting'),
          matters: true,
        };
      case 'phase.progress':
        return this.#progress(phase, event.time, event.data);
      case 'phase.released':
        return {
          text: this.#line(phase, 0, `given back${event.data.error ? `: ${event.data.error.message}` : ''}`),
          matters: true,
        };
      case 'phase.completed': {
        const took = duration(this.#elapsedSeconds(phase, event.time));
        const degraded = event.data.degraded ? `, degraded: ${event.data.degraded}` : '';
        return { text: this.#line(phase, 1, `done in ${took}${degraded}`), matters: true };
      }
      case 'phase.failed':
        return {
          text: this.#line(phase, 0, `failed: ${event.data.error?.message ?? 'no reason given'}`),
          matters: true,
        };
      default:
        return undefined;
    }
  }

  #progress(
    phase: string,
    time: string,
    { stage, fraction, step, steps, metrics }: EventData<'phase.progress'>,
  ): PhaseLine {
    const elapsed = this.#elapsedSeconds(phase, time);
    const left = fraction < LEAST_SHARE ? '' : `  ${duration((elapsed * (1 - fraction)) / fraction)} left`;
    const matters = this.#stages.get(phase) !== stage;
    this.#stages.set(phase, stage);
    return { text: this.#line(phase, fraction, `${progressText({ stage, step, steps, metrics })}${left}`), matters };
  }

  #elapsedSeconds(phase: string, time: string): number {
    return (Date.parse(time) - (this.#startedMs.get(phase) ?? Date.parse(time))) / 1000;
  }

  #line(phase: string, share: number, text: string): string {
    const width = Math.max(...this.phases.map((name) => name.length));
    return `${phase.padEnd(width)}  ${bar(share)}  ${text}`;
  }
}
