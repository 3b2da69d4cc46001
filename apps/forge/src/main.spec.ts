import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { COMMANDS } from './commands/index.js';

const CLI = fileURLToPath(new URL('./cli.js', import.meta.url));

test('a reader that goes away ends the command quietly', async () => {
  const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

/** A command, or those beneath it that do something. */
const leaves = (command: Command): Command[] =>
  command.commands.length > 0 ? command.commands.flatMap(leaves) : [command];

test.each(Object.entries(COMMANDS))(
  '%s has help with an example, and --json where it answers something',
  async (name, load) => {
    for (const command of leaves((await load()) as Command)) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect([command.name(), help]).toEqual([command.name(), expect.stringMatching(/\nExamples?:\n {2}\S/)]);
      const isSilent = name === 'up' || name === 'completion';
      expect([command.name(), help.includes('--json')]).toEqual([command.name(), !isSilent]);
    }
  },
);
