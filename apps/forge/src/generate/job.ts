import { ForgeError } from '@agent-forge/contracts';
import { DialogueEncoder, type Message } from '@agent-forge/data';
import { type GeneratedText, type Model, generateText, readModelFolder, answerFormOf } from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';

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
  return generateText(model, job.chat === null ? job.prompt : ask(model, job.prompt, job.chat.system), {
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
  });
};

/** The tokens after which a model that was trained on dialogues answers. */
function ask(model: Model, prompt: string, system: string | null): number[] {
  if (!model.tokenizer) throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it cannot read text');
  const messages: Message[] = [
    ...(system === null ? [] : [{ role: 'system', content: system } as const]),
    { role: 'user', content: prompt },
    { role: 'assistant', content: '' },
  ];
  return new DialogueEncoder(model.tokenizer, answerFormOf(model.config)).encodePrompt({ key: prompt, messages });
}
