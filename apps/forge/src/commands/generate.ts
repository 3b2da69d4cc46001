import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AgentAnswer, parseAgent } from '@agent-forge/agents';
import { ForgeError } from '@agent-forge/contracts';
import type { GeneratedText } from '@agent-forge/model';
import { parseProvider, runInWorker } from '@agent-forge/tensor';
import { Command } from 'commander';
import type { AgentJob } from '../generate/agent-job.js';
import type { GenerateJob } from '../generate/job.js';
import { integerOption, numberOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';

interface Options {
  readonly maxTokens?: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly stop?: readonly string[];
  readonly chat?: true;
  readonly system?: string;
  readonly showThoughts?: true;
  readonly agent?: string;
  readonly experts?: string;
  readonly threads?: number;
  readonly provider: string;
  readonly json?: true;
}

const HELP = `
The new text is printed as it comes; it ends at the model's end token, at a --stop text or at --max-tokens. With
--temperature 0 the likeliest token is taken each time; otherwise it is drawn, the same way again with the same --seed.
With --agent the prompt is asked as with --chat, as often and in the ways that the file says; --json shows every step.

Examples:
  forge generate models/emma "It was a " --max-tokens 200 --temperature 0.8
  forge generate models/pairs "17+25=" --chat          (a model that was trained with --data)
  forge generate models/emma "Emma" --temperature 0 --json
  forge generate models/pairs "17+25=" --agent agent.json`;

export function generateCommand(): Command {
  const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  return new Command('generate')
    .description('let a model continue a text, or answer a prompt')
    .argument('<dir>', 'Hugging Face model folder')
    .argument('<prompt>', 'text to continue')
    .option('--max-tokens <n>', 'new tokens at most (default: 128, or what the context leaves)', integerOption(1))
    .option('--temperature <t>', 'randomness; 0 is greedy', numberOption(0), 0.8)
    .option('--top-k <n>', 'draw among this many likeliest tokens; 0 is all', integerOption(0), 0)
    .option('--top-p <p>', 'draw among the likeliest tokens that have this share; 1 is all', numberOption(0), 0.95)
    .option('--seed <n>', 'seed of the random choices', integerOption(0), 0)
    .option('--stop <text>', 'end before this text; may be given several times', collect)
    .option('--chat', 'ask the prompt as in prompt/completion data, instead of continuing it')
    .option('--system <text>', 'system prompt, with --chat')
    .option('--show-thoughts', 'print what the model thinks before it answers, between <think> and </think>')
    .option('--agent <file>', 'let an agent answer the prompt: a graph of steps, as the phase adas finds them')
    .option('--experts <dir>', 'expert pack that the agent asks (default: the folder experts in the model folder)')
    .option('--threads <n>', 'threads to compute with (default: all processors)', integerOption(1))
    .option('--provider <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--json', 'print one JSON object on stdout, with text and tokenIds')
    .addHelpText('after', HELP)
    .action((dir: string, prompt: string, options: Options, command: Command) =>
      options.agent === undefined ? generate(dir, prompt, options) : runAgent(dir, prompt, options.agent, command),
    );
}

async function generate(dir: string, prompt: string, options: Options): Promise<void> {
  if (options.experts !== undefined)
    throw new ForgeError('INVALID_ARGUMENT', '--experts needs --agent: only an agent sends questions to experts');
  if (options.system !== undefined && !options.chat)
    throw new ForgeError('INVALID_ARGUMENT', '--system needs --chat: only a prompt that is asked has a system prompt');
  const { temperature, topK, topP, seed, stop = [], json } = options;
  const job: GenerateJob = {
    model: resolve(dir),
    prompt,
    chat: options.chat ? { system: options.system ?? null } : null,
    maxTokens: options.maxTokens ?? null,
    ...{ temperature, topK, topP, seed, stop },
    showThoughts: options.showThoughts ?? false,
    threads: options.threads ?? null,
    provider: parseProvider(options.provider),
  };
  const worker = new URL('../generate/job.js', import.meta.url);
  let open = false;
  const onProgress = (piece: string): void => {
    if (json) return;
    process.stdout.write(piece);
    open = true;
  };
  try {
    const result = await withInterruption((signal) =>
      runInWorker<GenerateJob, GeneratedText, string>(worker, job, { signal, onProgress }),
    );
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else open = true;
  } finally {
    if (open) process.stdout.write('\n');
  }
}

/** Options that an agent's file decides. */
const DECIDED = ['temperature', 'topK', 'topP', 'stop', 'showThoughts'];

async function runAgent(dir: string, prompt: string, file: string, command: Command): Promise<void> {
  const decided = DECIDED.find((name) => command.getOptionValueSource(name) === 'cli');
  if (decided !== undefined) {
    const { long } = command.options.find((option) => option.attributeName() === decided)!;
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${long} and --agent exclude each other: the agent's file says how it asks`,
    );
  }
  const { system, maxTokens, seed, experts, threads, provider, json } = command.opts<Options>();
  const job: AgentJob = {
    model: resolve(dir),
    agent: parseAgent(await readAgentFile(file), file),
    experts: experts === undefined ? null : resolve(experts),
    prompt,
    system: system ?? null,
    maxTokens: maxTokens ?? null,
    seed,
    threads: threads ?? null,
    provider: parseProvider(provider),
  };
  const worker = new URL('../generate/agent-job.js', import.meta.url);
  const answer = await withInterruption((signal) => runInWorker<AgentJob, AgentAnswer>(worker, job, { signal }));
  process.stdout.write(`${json ? JSON.stringify(answer) : answer.text}\n`);
}

async function readAgentFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ForgeError('FILE_NOT_FOUND', `${file} cannot be read, so there is no agent`, error);
  }
}
