import { createInterface } from 'node:readline/promises';
import { ForgeError } from '@agent-forge/contracts';
import { readModelFolder } from '@agent-forge/model';
import { Command } from 'commander';
import { Conversation, type ConversationOptions } from '../chat/conversation.js';
import { integerOption, numberOption } from '../options.js';
import { withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { withModelFolder } from '../system/model-folder.js';

interface Options extends Omit<ConversationOptions, 'system' | 'showThoughts'>, ClientOptions {
  readonly system?: string;
  readonly showThoughts?: true;
  readonly json?: true;
}

/** What is said to the command instead of the model. */
const NEW = '/new';
const END = '/end';

const HELP = `
Each line is a question. ${NEW} forgets what was said, ${END} or Ctrl-D ends. Models of the quickstart were trained on single questions, so that by
default a model sees none of the earlier ones; --turns shows it some. Lines can also come through a pipe.

Examples:
  forge chat forge-data/models/01m83y4r2csn5bg9be0m35tvjn
  forge chat 4f0c2f… --system "end !" --turns 4
  echo "sort hgfab" | forge chat forge-data/models/01m83y4r2csn5bg9be0m35tvjn --json`;

/** `forge chat` */
export function chatCommand(): Command {
  const command = new Command('chat')
    .description('talk to a finished model')
    .argument('<model>', 'a model folder, or the id of one that a running system has')
    .option('--system <text>', 'system prompt')
    .option('--turns <n>', 'earlier questions and answers that the model sees', integerOption(0), 0)
    .option('--max-tokens <n>', 'new tokens of an answer at most', integerOption(1), 128)
    .option('--temperature <t>', 'randomness; 0 is greedy', numberOption(0), 0)
    .option('--seed <n>', 'seed of the random choices', integerOption(0), 0)
    .option('--show-thoughts', 'print what the model thinks before it answers, between <think> and </think>')
    .option('--threads <n>', 'threads to compute with (default: all processors)', integerOption(1))
    .option('--json', 'print each question with its answer as one line of JSON on stdout')
    .addHelpText('after', HELP)
    .action(chat);
  return withClientOptions(command);
}

async function chat(name: string, { json, system, showThoughts, ...how }: Options): Promise<void> {
  const options = { ...how, system: system ?? null, showThoughts: showThoughts ?? false };
  await withModelFolder(name, how, async (dir) => {
    const model = await readModelFolder(dir);
    if (!model.tokenizer)
      throw new ForgeError('TOKENIZER_INVALID', `${dir} has no tokenizer, so it cannot be talked to`);
    const conversation = await Conversation.open(model, options);
    try {
      await withInterruption((signal) => converse(conversation, json ?? false, signal));
    } finally {
      await conversation.release();
    }
  });
}

async function converse(conversation: Conversation, json: boolean, signal: AbortSignal): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const lines = createInterface({ input: process.stdin, ...(isTerminal && !json ? { output: process.stdout } : {}) });
  signal.addEventListener('abort', () => lines.close());
  lines.on('SIGINT', () => process.emit('SIGINT'));
  lines.setPrompt('> ');
  if (isTerminal && !json) lines.prompt();
  for await (const line of lines) {
    const prompt = line.trim();
    if (prompt === END) break;
    if (prompt === NEW) conversation.startOver();
    else if (prompt !== '') await answer(conversation, prompt, json, signal);
    if (isTerminal && !json) lines.prompt();
  }
  signal.throwIfAborted();
}

/** What cannot be asked is no reason to end the conversation. */
async function answer(conversation: Conversation, prompt: string, json: boolean, signal: AbortSignal): Promise<void> {
  try {
    const turn = await conversation.say(prompt, signal, (piece) => void (json || process.stdout.write(piece)));
    process.stdout.write(json ? `${JSON.stringify(turn)}\n` : '\n');
  } catch (thrown) {
    const { code, message } = ForgeError.from(thrown);
    if (code !== 'INVALID_ARGUMENT') throw thrown;
    process.stderr.write(`forge: ${message} (${code})\n`);
  }
}
