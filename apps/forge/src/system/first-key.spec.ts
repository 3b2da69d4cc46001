import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apiKeyId, type KeyList } from '@agent-forge/contracts';
import { startForge } from '../testing/command.js';
import { forgeOnTerminal, until, type OnTerminal } from '../testing/terminal.js';

const KEY = /afk_[a-z0-9]+_[A-Za-z0-9_-]{43}_[0-9a-f]{8}/g;

let cwd: string;
beforeAll(async () => void (cwd = await mkdtemp(join(tmpdir(), 'agent-forge-first-'))));
afterAll(() => rm(cwd, { recursive: true, force: true }));

const env = { NATS_URL: '' };
const keysIn = (text: string) => [...text.matchAll(KEY)].map(([key]) => key);
const up = (dataDir: string, redirect = '') =>
  forgeOnTerminal({ cwd, env }, ['up', '--port', '0', '--data-dir', dataDir], redirect);

/** Files below a folder that have a text in them, names too. */
async function filesWith(text: string, dir = cwd): Promise<string[]> {
  const found: string[] = [];
  let read = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) read += 1;
    if (path.includes(text) || (entry.isFile() && (await readFile(path)).includes(text))) found.push(path);
  }
  expect(read).toBeGreaterThan(10);
  return found;
}

/** Ends a `forge up` on a terminal as its Ctrl-C does. */
async function stop({ type, ended }: OnTerminal): Promise<void> {
  type('\u0003');
  expect(await ended).toBe(0);
}

test('the first start on a terminal shows the admin’s key once, it is in no file, and is good at gateway and login', async () => {
  const first = up('data');
  await until(() => first.screen().includes('\nstop '), first.screen);
  const [key = '', ...others] = keysIn(first.screen());
  expect([apiKeyId(key), others]).toEqual([expect.any(String), []]);
  const url = /^gateway +(\S+)/m.exec(first.screen())![1]!;
  const authUrl = /^auth +(\S+)/m.exec(first.screen())![1]!.trim();

  const asked = await fetch(`${url}/v1/runs`, { headers: { authorization: `Bearer ${key}` } });
  expect([asked.status, await asked.json()]).toEqual([200, { runs: [] }]);
  const place = { cwd, env: { ...env, XDG_CONFIG_HOME: join(cwd, 'config') } };
  const at = ['--url', url, '--auth-url', authUrl];
  const login = await startForge({ ...place, input: key }, 'login', ...at, '--key-stdin').finished;
  expect([login.stderr, login.stdout]).toEqual(['', `logged in at ${url} as admin (admin of main)\n`]);
  expect((await startForge(place, 'users', 'add', 'ada', '--role', 'builder').finished).code).toBe(0);
  // The login is the one file that has it, and goes with the logout.
  expect(await filesWith(key)).toEqual([join(cwd, 'config', 'agent-forge', 'login.json')]);
  await startForge(place, 'logout').finished;

  // Commands beside it need no key, and can end this one.
  const list = await startForge({ cwd, env }, 'keys', 'list', '--json', '--data-dir', 'data').finished;
  expect((JSON.parse(list.stdout) as KeyList).keys).toMatchObject([{ id: apiKeyId(key), owner: 'admin' }]);
  await stop(first);
  expect(keysIn(first.screen())).toEqual([key]);

  const second = up('data');
  await until(() => second.screen().includes('\nstop '), second.screen);
  expect(keysIn(second.screen())).toEqual([]);
  await stop(second);
  expect(await filesWith(key)).toEqual([]);
  // Nor does the part of it that is secret lie about by itself.
  expect(await filesWith(key.slice(-52, -9))).toEqual([]);
  // The broker's files are searched as well: they have its id, in plain.
  expect((await filesWith(apiKeyId(key)!)).join(' ')).toContain('/data/nats/');
}, 120_000);

test('it goes to the terminal, not to where the output goes; without one nothing is made, and the next start that has one shows it', async () => {
  // Both streams into files, as a supervisor does.
  const hidden = up('quiet', '> out.txt 2> err.txt');
  const out = () => readFile(join(cwd, 'out.txt'), 'utf8').catch(() => '');
  let told = '';
  for (let i = 0; i < 1_200 && !told.includes('\nstop '); i++) {
    told = await out();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(told).toContain('make a key with: ./forge keys add NAME');
  await stop(hidden);
  expect(keysIn(hidden.screen() + told + (await readFile(join(cwd, 'err.txt'), 'utf8')))).toEqual([]);
  expect(await filesWith('afk_')).toEqual([]);

  const half = up('quiet', '> out.txt');
  await until(() => keysIn(half.screen()).length > 0, half.screen);
  for (told = ''; !told.includes('\nstop ');) told = await out();
  await stop(half);
  expect([keysIn(half.screen()).length, keysIn(await out())]).toEqual([1, []]);
}, 120_000);
