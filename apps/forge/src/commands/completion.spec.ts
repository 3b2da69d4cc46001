import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PHASES } from '@agent-forge/contracts';
import { cancelRun, createRun, createUser, uploadDataset } from '@agent-forge/sdk';
import { forge } from '../testing/command.js';
import { launchService } from '../system/service-process.js';
import { RunningSystem } from '../testing/running-system.js';
import { until } from '../testing/terminal.js';
import { COMMANDS } from './index.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

let here: RunningSystem;
let run: string;
let artifact: string;
beforeAll(async () => {
  here = await RunningSystem.start(launchService);
  const { connection, authUrl } = here.system;
  ({ artifactId: artifact } = await uploadDataset(connection, new Blob(['Some text.\n'])));
  const data = [{ name: 'text', artifactId: artifact }];
  ({ id: run } = await createRun(connection, { data, phases: [{ phase: 'cognate', params: { steps: 5 } }] }));
  await cancelRun(connection, run);
  await createUser({ ...connection, url: authUrl }, { id: 'ada', role: 'viewer', password: 'four quiet herons wade' });
  await mkdir(join(here.cwd, 'bin'));
  await writeFile(join(here.cwd, 'bin', 'forge'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  await chmod(join(here.cwd, 'bin', 'forge'), 0o755);
  await writeFile(join(here.cwd, 'recipe.yaml'), '');
}, 60_000);
afterAll(() => here?.stop());

const env = () => ({
  ...process.env,
  PATH: `${join(here.cwd, 'bin')}:${process.env['PATH']}`,
  XDG_CONFIG_HOME: here.cwd,
});

async function script(shell: string): Promise<string> {
  const { code, stdout } = await forge('.', 'completion', shell);
  expect(code).toBe(0);
  return stdout;
}

describe('bash', () => {
  let source: string;
  beforeAll(async () => void (source = await script('bash')));

  /** What bash offers behind some words, which it has split as it does. */
  const completed = (...words: string[]) => {
    const call = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _forge; echo "\${COMPREPLY[@]}"`;
    const options = { encoding: 'utf8', cwd: here.cwd, env: env() } as const;
    return execFileSync('bash', ['-c', `${source}\n${call}`], options)
      .trim()
      .split(' ');
  };
  const phases = PHASES.map(({ name }) => name);

  test.each<[string, string[], () => string[]]>([
    ['commands', ['forge', ''], () => Object.keys(COMMANDS)],
    ['commands that begin so', ['forge', 'ru'], () => ['run', 'runs']],
    ['the verbs of a command', ['forge', 'keys', ''], () => ['list', 'add', 'revoke', '--help']],
    ['options', ['forge', 'chat', '--te'], () => ['--temperature']],
    ['options of a verb, and no others', ['forge', 'users', 'set', '--d'], () => ['--data-dir', '--disable']],
    ['files', ['forge', 'inspect', '/et'], () => ['/etc']],
    ['a recipe, which is a file', ['forge', 'run', '--watch', 'reci'], () => ['recipe.yaml']],
    ['phases as values', ['forge', 'retry', 'x', '--from', ''], () => phases],
    ['a phase behind "="', ['forge', 'retry', 'x', '--from', '=', 'evo'], () => ['evomerge']],
    ['a phase as argument', ['forge', 'phases', 'bit'], () => ['bitnet']],
    ['roles', ['forge', 'users', 'add', 'x', '--role', 'op'], () => ['operator']],
    ['scopes, which have colons', ['forge', 'keys', 'add', 'x', '--scope', 'runs', ':', 'r'], () => ['read']],
    ['all scopes of a kind', ['forge', 'keys', 'add', 'x', '--scope', 'runs', ':'], () => ['read', 'write']],
    ['shells', ['forge', 'completion', ''], () => ['bash', 'zsh', 'fish']],
    ['runs', ['forge', 'logs', ''], () => [run]],
    ['runs behind options with values', ['forge', 'logs', '--phase', 'cognate', ''], () => [run]],
    ['artifacts', ['forge', 'download', ''], () => [artifact]],
    ['users', ['forge', 'users', 'set', 'a'], () => ['ada']],
    ['nothing for a new name', ['forge', 'users', 'add', ''], () => ['']],
    ['nothing behind the last argument', ['forge', 'pause', 'x', ''], () => ['']],
    ['nothing for an option with any value', ['forge', 'pause', 'x', '--reason', ''], () => ['']],
    ['nothing for a command that there is not', ['forge', 'nothing', ''], () => ['']],
  ])('completes %s', (_, words, expected) => expect(completed(...words)).toEqual(expected()));

  test('does so on a terminal, as one types', async () => {
    const child = spawn('script', ['--quiet', '--command', 'bash --norc --noprofile -i', '/dev/null'], {
      cwd: here.cwd,
      env: { ...env(), PS1: '$ ', INPUTRC: '/dev/null' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    const type = async (text: string, expected: string) => {
      screen = '';
      child.stdin.write(text);
      await until(
        () => screen.includes(expected),
        () => screen,
        20_000,
      );
    };
    await type('eval "$(forge completion bash)"; echo rea""dy\r', 'ready');
    await type('forge wat\t', 'forge watch ');
    await type(`${run.slice(0, 3)}\t`, run);
    await type('\u0015forge retry x --from ada\t', '--from adas ');
    await type('\u0015forge keys add x --scope webhooks:w\t', '--scope webhooks:write ');
    child.stdin.write('\u0015exit\r');
    await once(child, 'close');
  }, 60_000);
});

test('zsh and fish have scripts of their own, and another shell none', async () => {
  expect(await script('zsh')).toContain('bashcompinit');
  const fish = await script('fish');
  expect(fish).toContain("complete -c forge -n '__fish_seen_subcommand_from chat' -l turns");
  expect(fish).toContain('(forge completion --values run 2>/dev/null)');
  const { code, stderr } = await forge('.', 'completion', 'cmd');
  expect([code, stderr]).toEqual([1, expect.stringContaining('Allowed choices are bash, zsh, fish')]);
});

test('where no system answers there is nothing to choose from, and no complaint', async () => {
  expect(await forge('/', 'completion', '--values', 'run')).toEqual({ code: 0, stdout: '', stderr: '' });
});
