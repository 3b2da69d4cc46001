import { createInterface } from 'node:readline/promises';
import { ForgeError } from '@agent-forge/contracts';

const ENTER = ['\r', '\n'];
const ERASE = ['\u007f', '\b'];
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
/** Nothing that is asked for is longer; a file that was piped by mistake is. */
const MAX_LENGTH = 4_096;

/** Asks for something on the terminal. @param otherwise what to do where there is none @throws ForgeError INVALID_ARGUMENT, CANCELLED */
export async function ask(prompt: string, otherwise: string): Promise<string> {
  assertTerminal(prompt, otherwise);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const stop = new AbortController();
    lines.once('SIGINT', () => stop.abort());
    lines.once('close', () => stop.abort());
    return (await lines.question(prompt, { signal: stop.signal })).trim();
  } catch (error) {
    throw new ForgeError('CANCELLED', 'stopped', error);
  } finally {
    lines.close();
  }
}

/** Asks for a secret, which the terminal does not show. @param otherwise what to do where there is none @throws ForgeError INVALID_ARGUMENT, CANCELLED */
export async function askSecret(prompt: string, otherwise: string): Promise<string> {
  assertTerminal(prompt, otherwise);
  const { stdin } = process;
  process.stderr.write(prompt);
  stdin.setRawMode(true);
  try {
    return await typed(stdin);
  } finally {
    stdin.setRawMode(false);
    process.stderr.write('\n');
  }
}

/** A secret that comes through a pipe: all of it, without the end of its line. @throws ForgeError INVALID_ARGUMENT when there is none */
export async function secretOfStdin(what: string): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_LENGTH) break;
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '' || secret.length > MAX_LENGTH || /[\r\n]/.test(secret))
    throw new ForgeError('INVALID_ARGUMENT', `standard input must be the ${what}, in one line`);
  return secret;
}

/** What is typed until Enter. */
function typed(stdin: NodeJS.ReadStream): Promise<string> {
  const given: string[] = [];
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stdin.off('data', onData).off('end', onEnd).pause();
      settle();
    };
    const onEnd = () => end(() => reject(new ForgeError('CANCELLED', 'stopped')));
    const onData = (chunk: string) => {
      for (const char of chunk) {
        if (ENTER.includes(char)) return end(() => resolve(given.join('')));
        if (char === CTRL_C || (char === CTRL_D && given.length === 0)) return onEnd();
        if (ERASE.includes(char)) given.pop();
        else if (char === CTRL_U) given.length = 0;
        else if (char >= ' ' && given.length < MAX_LENGTH) given.push(char);
      }
    };
    stdin.setEncoding('utf8').on('data', onData).on('end', onEnd).resume();
  });
}

function assertTerminal(prompt: string, otherwise: string): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new ForgeError(
    'INVALID_ARGUMENT',
    `there is no terminal to ask on (${prompt.replace(/:\s*$/, '')}); ${otherwise}`,
  );
}
