import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** The modules that a command line loads, as V8 counts them. */
async function modulesOf(...args: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-forge-modules-'));
  try {
    const child = spawn(process.execPath, [CLI, ...args], {
      stdio: 'ignore',
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    await once(child, 'close');
    const reports = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    return reports.flatMap((report) => (JSON.parse(report) as { result: { url: string }[] }).result.map((m) => m.url));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each([['--help'], ['runs', '--data-dir', '/nowhere'], ['run', '--help']])(
  'forge %s starts without the framework of the services',
  async (...args) => {
    const modules = await modulesOf(...args);
    expect(modules).toContainEqual(expect.stringMatching('/apps/forge/dist/main.js$'));
    expect(modules.filter((url) => /node_modules\/(@nestjs|fastify)/.test(url))).toEqual([]);
  },
);

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
