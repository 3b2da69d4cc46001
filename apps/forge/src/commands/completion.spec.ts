import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { forge } from '../testing/command.js';
import { COMMANDS } from './index.js';

async function script(shell: string): Promise<string> {
  const { code, stdout } = await forge('.', 'completion', shell);
  expect(code).toBe(0);
  return stdout;
}

test('bash completes commands, their options and files', async () => {
  const source = await script('bash');
  const completed = (...words: string[]) => {
    const call = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _forge; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', `${source}\n${call}`], { encoding: 'utf8' })
      .trim()
      .split(' ');
  };
  expect(completed('forge', '')).toEqual(Object.keys(COMMANDS));
  expect(completed('forge', 'ru')).toEqual(['run', 'runs']);
  expect(completed('forge', 'chat', '--te')).toEqual(['--temperature']);
  expect(completed('forge', 'recipe', 'ch')).toEqual(['check']);
  expect(completed('forge', 'inspect', '/et')).toEqual(['/etc']);
});

test('zsh and fish have scripts of their own, and another shell none', async () => {
  expect(await script('zsh')).toContain('bashcompinit');
  expect(await script('fish')).toContain("complete -c forge -n '__fish_seen_subcommand_from chat' -l turns");
  const { code, stderr } = await forge('.', 'completion', 'cmd');
  expect([code, stderr]).toEqual([1, expect.stringContaining('Allowed choices are bash, zsh, fish')]);
});
