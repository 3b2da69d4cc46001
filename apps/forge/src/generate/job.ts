import { type GeneratedText, generateText, readModelFolder } from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';
import { ask } from './ask.js';

/** What `forge generate` was asked for. */
export interface GenerateJob {
  readonly model: string;
  readonly prompt: string;
  /** Ask as the prompts of `--data` are asked, under this system prompt if there is one; null continues the prompt as text. */
  readonly chat: { readonly system: string | null } | null;
  readonly maxTokens: number | null;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly showThoughts: boolean;
  readonly threads: number | null;
  readonly provider: Provider;
}

/** `forge generate`, in a worker thread. Progress is the text as it comes. */
export const run: WorkerFunction<GenerateJob, GeneratedText, string> = async (job, { progress, signal }) => {
  const model = await readModelFolder(job.model);
  return generateText(
    model,
    job.chat === null ? job.prompt : ask(model, { prompt: job.prompt, system: job.chat.system }),
    {
      temperature: job.temperature,
      topK: job.topK,
      topP: job.topP,
      seed: job.seed,
      stopTexts: job.stop,
      showThoughts: job.showThoughts,
      provider: job.provider,
      ...(job.maxTokens === null ? {} : { maxTokens: job.maxTokens }),
      ...(job.threads === null ? {} : { threads: job.threads }),
      signal,
      onText: progress,
    },
  );
};
