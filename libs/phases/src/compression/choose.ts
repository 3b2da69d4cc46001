import type { Interval } from '../shared/report.js';
import { RULES } from './check.js';

/** What is known of a candidate when it is chosen or not. */
export interface Rated {
  readonly name: string;
  readonly sizeBytes: number;
  /** From the teacher, nats for a token. */
  readonly divergence: number;
  /** Higher is better: accuracy, or minus bits per byte. */
  readonly skill: number;
  /** Against what came in. */
  readonly retention: Interval;
  /** Of which model: only candidates of one are alike enough for their divergences to say which is worse. */
  readonly source: string;
  /** Whether its matrices are rounded and nothing else. */
  readonly isRounding: boolean;
}

/** A candidate and what became of it. */
export interface Judged extends Rated {
  /** Why it could not be chosen; undefined where it could. */
  readonly refused?: string;
  /** Whether no other one is smaller and closer to the teacher. */
  readonly isOnFront: boolean;
}

export interface ChoiceRule {
  /** One of RULES, or the name of a candidate. */
  readonly choose: string;
  readonly minRetention: number;
  /** Of the weights that came in. */
  readonly inputBytes: number;
}

/** The choice, and a judgement of every candidate. */
export interface Choice {
  readonly chosen: Judged;
  /** Whether it fulfils every rule; else it is the one that keeps most, or one that the recipe names. */
  readonly isSound: boolean;
  readonly judged: readonly Judged[];
}

/**
 * Chooses by what was measured on select. Refused is what is no smaller than what came in; what is larger and worse than another one; what rounding does as well in
 * no more bytes; and what keeps too little.
 */
export function chooseCandidate(candidates: readonly Rated[], rule: ChoiceRule): Choice {
  const judged = candidates.map((candidate): Judged => {
    const refused = refusal(candidate, candidates, rule);
    const isOnFront = !candidates.some((other) => beats(other, candidate, ['sizeBytes', 'divergence']));
    return { ...candidate, isOnFront, ...(refused === undefined ? {} : { refused }) };
  });
  const sound = judged.filter(({ refused }) => refused === undefined);
  if (!RULES.includes(rule.choose)) {
    const chosen = judged.find(({ name }) => name === rule.choose) ?? judged[0]!;
    return { chosen, isSound: sound.includes(chosen), judged };
  }
  if (sound.length === 0) return { chosen: least(judged, ({ retention }) => -retention.low), isSound: false, judged };
  const key = rule.choose === 'closest' ? 'divergence' : 'sizeBytes';
  return { chosen: least(sound, (each) => each[key]), isSound: true, judged };
}

function refusal(
  candidate: Rated,
  all: readonly Rated[],
  { minRetention, inputBytes }: ChoiceRule,
): string | undefined {
  if (candidate.sizeBytes >= inputBytes)
    return `it is no smaller than what came in (${candidate.sizeBytes} of ${inputBytes} bytes)`;
  const better = all.find((other) => beats(other, candidate, ['sizeBytes', 'divergence', 'loss']));
  if (better !== undefined) return `it is larger and worse than ${better.name}`;
  const rounded = all.find(
    (other) =>
      other.isRounding && other.source === candidate.source && beats(other, candidate, ['sizeBytes', 'divergence']),
  );
  if (rounded !== undefined && !candidate.isRounding)
    return `plain rounding (${rounded.name}) is as close to the teacher in no more bytes`;
  const { low } = candidate.retention;
  if (!(low >= minRetention))
    return `it may keep as little as ${(100 * low).toFixed(1)} % of the score, below ${(100 * minRetention).toFixed(1)} %`;
  return undefined;
}

type Axis = 'sizeBytes' | 'divergence' | 'loss';

/** Whether one is at least as good as another on every axis, and better on one. */
function beats(one: Rated, other: Rated, axes: readonly Axis[]): boolean {
  if (one.name === other.name) return false;
  const value = (each: Rated, axis: Axis) => (axis === 'loss' ? -each.skill : each[axis]);
  const differences = axes.map((axis) => value(one, axis) - value(other, axis));
  return differences.every((d) => d <= 0) && differences.some((d) => d < 0);
}

/** The first of those with the least value. */
function least<T>(items: readonly T[], value: (item: T) => number): T {
  return items.reduce((a, b) => (value(b) < value(a) ? b : a));
}
