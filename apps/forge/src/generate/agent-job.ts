import {
  ADD_TOOL,
  type AgentAnswer,
  type AgentDocument,
  DEFAULT_LIMITS,
  ModelResponder,
  runAgent,
} from '@agent-forge/agents';
import { readModelFolder } from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';

/** What `forge generate --agent` was asked for. */
export interface AgentJob {
  readonly model: string;
  readonly agent: AgentDocument;
  readonly prompt: string;
  readonly system: string | null;
  readonly maxTokens: number | null;
  readonly seed: number;
  readonly threads: number | null;
  readonly provider: Provider;
}

/** `forge generate --agent`, in a worker thread. The one tool that it may call adds two numbers. */
export const run: WorkerFunction<AgentJob, AgentAnswer> = async (job, { signal }) => {
  const { provider, threads, seed, maxTokens } = job;
  const responder = await ModelResponder.create(await readModelFolder(job.model), {
    provider,
    signal,
    ...(threads === null ? {} : { threads }),
  });
  try {
    const question = { prompt: job.prompt, ...(job.system === null ? {} : { system: job.system }) };
    const limits = { ...DEFAULT_LIMITS, ...(maxTokens === null ? {} : { answerTokens: maxTokens }) };
    const [answer] = await runAgent(job.agent, [question], { responder, tool: ADD_TOOL }, { seed, limits });
    return answer!;
  } finally {
    await responder.release();
  }
};
