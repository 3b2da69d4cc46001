import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** A command on a terminal of its own. */
export interface OnTerminal {
  /** All that the terminal has shown so far. */
  readonly screen: () => string;
  /** Types something. */
  readonly type: (text: string) => void;
  readonly pid: number;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/**
 * Runs `forge` on a pseudo terminal, which script(1) of util-linux gives it.
 * @param redirect what a shell puts behind the command, such as `> out.txt`
 */
export function forgeOnTerminal(
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
  args: readonly string[],
  redirect = '',
): OnTerminal {
  const quoted = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', `exec ${quoted} ${redirect}`, '/dev/null'], {
    cwd,
    env: { ...process.env, XDG_CONFIG_HOME: join(resolve(cwd), '.config'), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  return {
    screen: () => shown,
    type: (text) => void child.stdin.write(text),
    pid: child.pid!,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

/** Waits until something is so, or fails with what the screen shows. */
export async function until(what: () => boolean, screen: () => string, timeoutMs = 60_000): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; !what();) {
    if (Date.now() > endMs) throw new Error(`it does not come; the screen shows:\n${screen()}`);
    await new Promise((resolveWait) => setTimeout(resolveWait, 20));
  }
}
