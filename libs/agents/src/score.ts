import { ForgeError } from '@agent-forge/contracts';
import type { TaskItem } from '@agent-forge/data';
import { checkAgent } from './check-agent.js';
import type { AgentDocument } from './document.js';
import { isRight, questionOf } from './house-ports.js';
import type { Ports } from './ports.js';
import { runAgent, type Limits } from './run-agent.js';

/** One candidate and what it is tried on: with the digests of the model and the items, all that its score depends on. */
export interface ScoreInput {
  readonly agent: AgentDocument;
  readonly seed: number | string;
  readonly limits: Limits;
}

/** What a candidate is worth. */
export interface Score {
  readonly accuracy: number;
  /** Mean of an item. */
  readonly tokens: number;
  /** A digit for each item, in their order: 1 where the answer is right. */
  readonly correct: string;
}

/** A candidate that could not be tried, and why. */
export interface Failure {
  readonly failed: string;
}

/**
 * Scores a candidate: plain data in, plain data out, the same each time, so that it can be kept by the digests of agent, model, items and
 * the seed. An agent that cannot work here fails with its reason; what is no fault of the agent is thrown.
 */
export async function scoreAgent(
  { agent, seed, limits }: ScoreInput,
  items: readonly TaskItem[],
  ports: Ports,
): Promise<Score | Failure> {
  if (items.length === 0) throw new ForgeError('DATA_INVALID', 'there are no items to score an agent on');
  try {
    const answers = await runAgent(checkAgent(agent), items.map(questionOf), ports, { seed, limits });
    const correct = items.map((item, i) => isRight(item, answers[i]!.text));
    return {
      accuracy: correct.filter(Boolean).length / items.length,
      tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0) / items.length,
      correct: correct.map(Number).join(''),
    };
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'INVALID_ARGUMENT') return { failed: error.message };
    throw error;
  }
}

/** The marks of a score, to be paired with another's. */
export function marksOf({ correct }: Pick<Score, 'correct'>): Uint8Array {
  return Uint8Array.from(correct, Number);
}
