import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  ADD_TOOL,
  type AgentAnswer,
  type AgentDocument,
  DEFAULT_LIMITS,
  type ModelExperts,
  ModelResponder,
  packExperts,
  runAgent,
  usesExperts,
} from '@agent-forge/agents';
import { ForgeError } from '@agent-forge/contracts';
import { EXPERTS_FOLDER, type Model, readExpertPack, readModelFolder } from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';

/** What `forge generate --agent` was asked for. */
export interface AgentJob {
  readonly model: string;
  readonly agent: AgentDocument;
  /** Folder of an expert pack; null for the one beside the model, where there is one. */
  readonly experts: string | null;
  readonly prompt: string;
  readonly system: string | null;
  readonly maxTokens: number | null;
  readonly seed: number;
  readonly threads: number | null;
  readonly provider: Provider;
}

/** `forge generate --agent`, in a worker thread. The one tool that it may call adds two numbers. */
export const run: WorkerFunction<AgentJob, AgentAnswer> = async (job, { signal }) => {
  const { provider, seed, maxTokens } = job;
  const threads = job.threads === null ? {} : { threads: job.threads };
  const model = await readModelFolder(job.model);
  const responder = await ModelResponder.create(model, { provider, signal, ...threads });
  let experts: ModelExperts | undefined;
  try {
    experts = await expertsOf(job, model, responder, { signal, ...threads });
    const question = { prompt: job.prompt, ...(job.system === null ? {} : { system: job.system }) };
    const limits = { ...DEFAULT_LIMITS, ...(maxTokens === null ? {} : { answerTokens: maxTokens }) };
    const ports = { responder, tool: ADD_TOOL, ...(experts ? { experts } : {}) };
    const [answer] = await runAgent(job.agent, [question], ports, { seed, limits });
    return answer!;
  } finally {
    await experts?.release();
    await responder.release();
  }
};

/** The experts that the agent's file asks for. */
async function expertsOf(
  { agent, experts, model: dir }: AgentJob,
  model: Model,
  responder: ModelResponder,
  options: { readonly threads?: number; readonly signal: AbortSignal },
): Promise<ModelExperts | undefined> {
  if (!usesExperts(agent)) return undefined;
  const beside = join(dir, EXPERTS_FOLDER);
  const pack = experts ?? (existsSync(beside) ? beside : undefined);
  if (pack === undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `the agent sends questions to experts, and there is no ${beside}; say with --experts where their pack is`,
    );
  return packExperts(model, await readExpertPack(pack), responder, options);
}
