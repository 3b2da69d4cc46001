import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { changeUser, createKey, createUser, refreshSession, type Connection } from '@agent-forge/sdk';
import type { StoredSession } from '../session/session-file.js';
import { startForge, type Finished } from '../testing/command.js';
import { RunningSystem } from '../testing/running-system.js';
import { forgeOnTerminal, until } from '../testing/terminal.js';

const PASSWORD = 'four quiet herons wade';
/** Commands that want the session refreshed at the same moment. */
const AT_ONCE = 10;

let here: RunningSystem;
let auth: Connection;
let url: string;
let serial = 0;
let user: string;
beforeAll(async () => {
  here = await RunningSystem.start();
  auth = { url: here.system.authUrl, token: here.system.connection.token };
  url = new URL(here.system.connection.url).origin;
});
afterAll(() => here?.stop());
beforeEach(async () => {
  user = `ada${++serial}`;
  await createUser(auth, { id: user, role: 'operator', password: PASSWORD });
});

/** A command of somebody who has nothing on this machine but a login. */
const run = (args: string[], input?: string, env: Record<string, string> = {}): Promise<Finished> =>
  startForge({ cwd: elsewhere(), env, ...(input === undefined ? {} : { input }) }, ...args).finished;
/** A folder beside that of the system, with a login of its own for each test. */
const elsewhere = () => join(here.cwd, '..');
const config = () => ({ XDG_CONFIG_HOME: join(here.cwd, 'config', user) });
const asUser = (args: string[], input?: string) => run(args, input, config());
const loginPath = () => join(here.cwd, 'config', user, 'agent-forge', 'login.json');
const stored = async () => JSON.parse(await readFile(loginPath(), 'utf8')) as StoredSession;
const logIn = (...more: string[]) =>
  asUser(
    ['login', '--url', url, '--auth-url', here.system.authUrl, '--user', user, '--password-stdin', ...more],
    `${PASSWORD}\n`,
  );

describe('a login', () => {
  test('is what commands go by from then on, wherever they are typed, until the logout', async () => {
    const login = await logIn();
    expect([login.stderr, login.stdout]).toEqual(['', `logged in at ${url} as ${user} (operator of main)\n`]);
    expect((await stat(loginPath())).mode & 0o777).toBe(0o600);
    expect(await readFile(loginPath(), 'utf8')).not.toContain(PASSWORD);
    const who = await asUser(['whoami', '--json']);
    expect([who.stderr, JSON.parse(who.stdout)]).toEqual([
      '',
      expect.objectContaining({ url, subject: user, tenant: 'main', role: 'operator', by: 'login' }),
    ]);
    expect(JSON.parse((await asUser(['runs', '--json'])).stdout)).toEqual({ runs: [] });
    expect((await asUser(['keys', 'list'])).code).toBe(0);

    const { session } = await stored();
    expect((await asUser(['logout'])).stdout).toBe(`${user} is logged out of ${url}\n`);
    await expect(stored()).rejects.toThrow('ENOENT');
    await expect(refreshSession(here.system.authUrl, session.refreshToken)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    const after = await asUser(['runs', '--url', url]);
    expect([after.code, after.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^forge: you are not logged in at \S+; log in with: forge login --url .* \(UNAUTHENTICATED\)\n$/,
      ),
    ]);
    expect((await asUser(['logout'])).stdout).toBe('you were not logged in\n');
  }, 60_000);

  test('with an API key is as good as the key, and a logout does not end the key', async () => {
    const { key } = await createKey(auth, { name: 'test', scopes: ['runs:read'] });
    const at = ['--url', url, '--auth-url', here.system.authUrl];
    const login = await asUser(['login', ...at, '--key-stdin', '--json'], key);
    expect([login.stderr, JSON.parse(login.stdout)]).toEqual(['', expect.objectContaining({ subject: 'admin' })]);
    expect((await asUser(['runs'])).code).toBe(0);
    const who = await asUser(['whoami']);
    expect(who.stdout).toMatch(/^who +admin$/m);
    expect(who.stdout).toMatch(/^scopes +runs:read$/m);
    const audit = await asUser(['audit', 'list']);
    expect([audit.code, audit.stderr]).toEqual([1, expect.stringContaining('(FORBIDDEN)')]);
    expect((await asUser(['logout'])).stdout).toContain('it is still good');
    expect((await asUser(['login', ...at, `--key`, key])).code).toBe(0);
  }, 60_000);

  test('asks for the password on the terminal, and does not show it', async () => {
    const args = ['login', '--url', url, '--auth-url', here.system.authUrl];
    const { screen, type, ended } = forgeOnTerminal({ cwd: elsewhere(), env: config() }, args);
    await until(() => screen().includes('user: '), screen);
    type(`${user}\r`);
    await until(() => screen().includes(`password of ${user}: `), screen);
    // With a mistake that is taken back.
    type(`${PASSWORD}x\u007f\r`);
    expect(await ended).toBe(0);
    expect(screen()).toContain(`logged in at ${url} as ${user}`);
    expect(screen()).not.toContain(PASSWORD.slice(0, 6));
    expect((await stored()).subject).toBe(user);
  }, 60_000);

  test('goes to no other system, and nor does the credential of this machine', async () => {
    await logIn();
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const asked = await asUser(['runs', '--url', otherUrl]);
    other.close();
    expect([asked.stderr, seen]).toEqual([expect.stringContaining(`not logged in at ${otherUrl}`), []]);
    const outside = startForge({ cwd: here.cwd }, 'runs', '--url', 'https://forge.example').finished;
    expect((await outside).stderr).toContain('you are not logged in at https://forge.example');
  }, 60_000);

  test('that ends takes the one before with it', async () => {
    await logIn();
    const before = await stored();
    await logIn();
    expect((await stored()).session.refreshToken).not.toBe(before.session.refreshToken);
    await expect(refreshSession(here.system.authUrl, before.session.refreshToken)).rejects.toThrow('has ended');
  }, 60_000);
});

describe('a session whose access token is to be replaced', () => {
  const expire = async () => {
    const login = await stored();
    await writeFile(loginPath(), JSON.stringify({ ...login, session: { ...login.session, endsAtMs: 0 } }));
    return login.session.refreshToken;
  };

  test(`is refreshed once, though ${AT_ONCE} commands want it at the same moment, again and again`, async () => {
    await logIn();
    for (let round = 0; round < 3; round++) {
      const used = await expire();
      // The lock of a command that was killed must not stop the others.
      if (round === 1) await writeFile(`${loginPath()}.lock`, '999999 1\n');
      const all = await Promise.all(Array.from({ length: AT_ONCE }, () => asUser(['runs', '--json'])));
      expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
      expect((await stored()).session.refreshToken).not.toBe(used);
    }
    // Had one token been used twice, the session would have ended with all its tokens.
    await expire();
    expect((await asUser(['whoami'])).code).toBe(0);
  }, 180_000);

  test('but has ended meanwhile is told as such', async () => {
    await logIn();
    const used = await expire();
    await refreshSession(here.system.authUrl, used);
    const { code, stderr } = await asUser(['runs']);
    expect([code, stderr]).toEqual([
      1,
      `forge: the session of ${user} at ${url} has ended; log in again: forge login --url ${url} (UNAUTHENTICATED)\n`,
    ]);
  }, 60_000);
});

describe('what is wrong is one line', () => {
  test('also when the user was stopped, and what is good for now is not enough', async () => {
    await logIn();
    const denied = await asUser(['users', 'list']);
    expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining('identities:read')]);
    await changeUser(auth, user, { isDisabled: true });
    let last: Finished;
    do last = await asUser(['runs']);
    while (last.code === 0);
    expect(last.stderr).toMatch(/^forge: the token is revoked; .*forge login \(UNAUTHENTICATED\)\n$/);
  }, 60_000);

  test.each<[string, string[], string | undefined, RegExp]>([
    [
      'a wrong password',
      ['--user', 'nobody', '--password-stdin'],
      'wrong',
      /the password is wrong.*\(UNAUTHENTICATED\)/,
    ],
    ['no password', ['--user', 'ada', '--password-stdin'], '', /standard input must be the password, in one line/],
    [
      'no terminal',
      ['--user', 'ada'],
      undefined,
      /no terminal to ask on \(password of ada\); give it through --password-stdin/,
    ],
    ['no terminal and no name', [], undefined, /say who you are with --user/],
    ['what is no key', ['--key', 'afk_x'], undefined, /that is no API key; was it copied whole\?/],
    ['a key of nobody', ['--key', 'afk_k_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_a4c0d7e5'], undefined, /key/],
    [
      'a way without TLS',
      ['--url', 'http://forge.example'],
      undefined,
      /passwords and tokens in the clear; use https \(INVALID/,
    ],
    [
      'an auth service that nobody can guess',
      ['--url', 'https://forge.example'],
      undefined,
      /name the auth service of .* with --auth-url/,
    ],
    [
      'an auth service that is none',
      ['--auth-url', 'http://127.0.0.1:1'],
      undefined,
      /http:\/\/127\.0\.0\.1:1 does not answer/,
    ],
    ['two ways at once', ['--key', 'x', '--user', 'ada'], undefined, /cannot be used with option/],
  ])('%s', async (_, args, input, message) => {
    const at = args.includes('--url') ? [] : ['--url', url];
    const authAt = args.some((arg) => arg.includes('url')) ? [] : ['--auth-url', here.system.authUrl];
    const { code, stdout, stderr } = await asUser(['login', ...at, ...authAt, ...args], input);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
    expect(stderr).not.toContain(' at ');
  });

  test('no login, and no system in this folder', async () => {
    const { code, stderr } = await asUser(['runs']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^forge: no system runs in \S+forge-data, .*forge login --url URL \(UNAUTHENTICATED\)\n$/),
    ]);
  });

  test('a login that is locked says for how long', async () => {
    const wrong = () =>
      asUser(['login', '--url', url, '--auth-url', here.system.authUrl, '--user', user, '--password-stdin'], 'wrong');
    for (let i = 0; i < 5; i++) expect((await wrong()).stderr).toContain('(UNAUTHENTICATED)');
    // Each further mistake costs more, and a command takes a moment.
    let said = '';
    while (!said.includes('TOO_MANY_ATTEMPTS')) said = (await wrong()).stderr;
    expect(said).toMatch(/^forge: too many failed logins; try again in \d+ s \(TOO_MANY_ATTEMPTS\)\n$/);
  }, 120_000);

  test('a file that others may read, or that is damaged', async () => {
    await logIn();
    const { chmod } = await import('node:fs/promises');
    await chmod(loginPath(), 0o644);
    expect((await asUser(['runs'])).stderr).toMatch(/holds tokens, but others may read it; run: chmod 600/);
    await chmod(loginPath(), 0o600);
    await writeFile(loginPath(), '{');
    expect((await asUser(['runs'])).stderr).toMatch(/login\.json is damaged; log in again/);
    expect((await logIn()).code).toBe(0);
  }, 60_000);
});
