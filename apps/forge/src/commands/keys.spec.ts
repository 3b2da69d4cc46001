import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { NewKey } from '@agent-forge/contracts';
import { RunningSystem } from '../testing/running-system.js';
import { startForge } from '../testing/command.js';

let running: RunningSystem;
beforeAll(async () => void (running = await RunningSystem.start()));
afterAll(() => running?.stop());

/** A command with an API key and nothing else: no folder with credentials, and no auth service for what the gateway alone answers. */
const withKey = (key: string, ...args: string[]) => {
  const { connection, authUrl } = running.system;
  const env = { FORGE_URL: connection.url, FORGE_AUTH_URL: authUrl, FORGE_API_KEY: key };
  return startForge({ cwd: '/', env }, ...args).finished;
};

test('a key is made, shown once, used in place of a login for what it is good for, and revoked', async () => {
  const added = await running.forge('keys', 'add', 'laptop', '--scope', 'runs:read', '--days', '2', '--json').finished;
  expect([added.stderr, added.code]).toEqual(['', 0]);
  const { id, key } = JSON.parse(added.stdout) as NewKey;
  const list = await running.forge('keys', 'list').finished;
  expect(list.stdout).toMatch(new RegExp(`^key +owner +ends +name +scopes\n${id} +admin +\\S+ +laptop +runs:read\n$`));
  expect(list.stdout).not.toContain(key);

  expect(await withKey(key, 'runs')).toMatchObject({ code: 0, stderr: '' });
  expect((await withKey(key, 'artifacts')).stderr).toMatch(/needs the scope artifacts:read.*\(FORBIDDEN\)\n$/);
  expect((await withKey(key, 'keys', 'list')).stderr).toMatch(/needs the scope account.*\(FORBIDDEN\)\n$/);
  expect((await withKey(key.slice(1), 'keys', 'list')).stderr).toMatch(/was it copied whole\? \(INVALID_ARGUMENT\)\n$/);

  expect(await running.forge('keys', 'revoke', id).finished).toMatchObject({
    code: 0,
    stdout: `key ${id} is revoked\n`,
  });
  const untilMs = Date.now() + 5_000;
  let last = await withKey(key, 'runs');
  while (last.code === 0 && Date.now() < untilMs) last = await withKey(key, 'runs');
  expect(last.stderr).toMatch(/\(UNAUTHENTICATED\)\n$/);
  expect((await running.forge('keys', 'revoke', id).finished).code).toBe(1);
});

test('a user is made with a password that is shown once, changed and removed', async () => {
  const added = await running.forge('users', 'add', 'ada', '--role', 'builder').finished;
  expect([added.stderr, added.code]).toEqual(['', 0]);
  const [, password = ''] = /^user     ada\npassword (\S{24})\n$/.exec(added.stdout) ?? [];
  const login = () =>
    fetch(`${running.system.authUrl}/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'ada', password }),
    });
  expect((await login()).status).toBe(200);
  const list = await running.forge('users', 'list').finished;
  expect(list.stdout).toMatch(/^user +tenant +role +state +made\nada +main +builder +active +\S+\n$/);
  const set = await running.forge('users', 'set', 'ada', '--role', 'viewer', '--disable').finished;
  expect(set.stdout).toBe('user ada is disabled, viewer\n');
  expect((await login()).status).toBe(401);
  expect((await running.forge('users', 'set', 'ada').finished).stderr).toMatch(/^forge: say what is to change/);
  expect((await running.forge('users', 'remove', 'ada').finished).stdout).toBe('user ada is gone\n');
  expect((await running.forge('users', 'remove', 'ada').finished).code).toBe(1);
});
