import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ADD_TOOL,
  AGENT_FILE,
  agentInWords,
  DEFAULT_LIMITS,
  GREEDY,
  marksOf,
  ModelResponder,
  parseAgent,
  scoreAgent,
} from '@agent-forge/agents';
import { bootstrapShare } from '@agent-forge/model';
import { exactly, type ClaimContext, type PhaseClaim } from '../shared/claims/claim.js';
import { encoderOf, familyItems } from '../shared/families.js';
import type { Interval } from '../shared/report.js';
import type { AdasParams } from './params.js';

type Context = ClaimContext<AdasParams>;

/** What the agent's answers are worth beside the single greedy one; and that experts fit no other weights. */
export async function claims(context: Context): Promise<PhaseClaim[]> {
  const { experts = 0, gain } = context.report.figures;
  const gained: PhaseClaim[] =
    experts === 0 || gain === undefined
      ? []
      : [
          {
            ...{ metric: 'gain of experts on their own domains', control: 'no gain', unit: 'share' },
            then: { value: exactly(gain), control: exactly(0) },
            now: 'experts fit the weights before compression alone',
          },
        ];
  return [...gained, ...(await agentClaims(context))];
}

async function agentClaims(context: Context): Promise<PhaseClaim[]> {
  const { agents = [] } = context.report;
  const [chosen, greedy] = [
    agents.find(({ isChosen }) => isChosen),
    agents.find(({ name }) => name === agentInWords(GREEDY)),
  ];
  if (!chosen || !greedy) return [];
  return [
    {
      ...{ metric: `accuracy of the agent “${chosen.name}”`, control: greedy.name, unit: 'share' },
      then: { value: chosen.accuracy, control: greedy.accuracy },
      now: await measuredAgain(context),
    },
  ];
}

async function measuredAgain(context: Context): Promise<PhaseClaim['now']> {
  const { model, folder, families, params, seed, threads, signal } = context;
  const file = await readFile(join(folder, AGENT_FILE), 'utf8').catch(() => undefined);
  if (file === undefined) return 'the agent asks experts, and stays with them';
  const encoder = encoderOf(model);
  const drawn = familyItems(families, 'report', params.agents.reportItems, `${seed}/agents/report`);
  const items = drawn.map((item) => encoder.asAnswered(item));
  const responder = await ModelResponder.create(model, { threads, signal });
  try {
    const worth = async (agent: typeof GREEDY): Promise<Interval | string> => {
      const score = await scoreAgent(
        { agent, seed, limits: { ...DEFAULT_LIMITS, steps: params.agents.steps } },
        items,
        { responder, tool: ADD_TOOL },
      );
      return 'failed' in score ? score.failed : bootstrapShare(marksOf(score), { seed: 'agents' });
    };
    const [value, control] = [await worth(parseAgent(file, AGENT_FILE)), await worth(GREEDY)];
    if (typeof value === 'string') return value;
    return typeof control === 'string' ? control : { value, control };
  } finally {
    await responder.release();
  }
}
