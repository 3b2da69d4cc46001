import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectNats, closeNats, findServerBinary, prepareStreams } from '@agent-forge/nats';
import { startForge } from '../testing/command.js';

let cwd: string;
let server: ChildProcess | undefined;
let NATS_URL: string;
beforeAll(async () => void (cwd = await mkdtemp(join(tmpdir(), 'agent-forge-broker-'))));
afterAll(async () => {
  if (server?.kill()) await once(server, 'exit');
  await rm(cwd, { recursive: true, force: true });
});

const forge = (env: Record<string, string>, ...args: string[]) => startForge({ cwd, env }, ...args).finished;
const loginOf = async (name: string) =>
  parseEnv(await readFile(join(cwd, 'logins', `${name}.env`), 'utf8')) as Record<string, string>;

/** Somebody's own nats-server, which includes what `forge broker logins` has made. @returns its URL */
async function startServer(): Promise<string> {
  const lines = ['host: 127.0.0.1', 'port: -1', `ports_file_dir: "${cwd}"`, 'include logins/authorization.conf'];
  await writeFile(join(cwd, 'server.conf'), [...lines, `jetstream { store_dir: "${join(cwd, 'store')}" }`].join('\n'));
  server = spawn(await findServerBinary(join(cwd, 'bin')), ['-c', join(cwd, 'server.conf')], { stdio: 'ignore' });
  for (;;) {
    const name = (await readdir(cwd)).find((file) => file.endsWith('.ports'));
    const text = name === undefined ? '' : await readFile(join(cwd, name), 'utf8');
    if (text.endsWith('}')) return (JSON.parse(text) as { nats: [string] }).nats[0];
    await sleep(20);
  }
}

describe('forge broker', () => {
  test('makes logins that only their owner can read, once', async () => {
    const { code, stdout } = await forge({}, 'broker', 'logins', '--out', 'logins', '--json');
    const { files } = JSON.parse(stdout) as { files: string[] };
    expect([code, files.length]).toEqual([0, 12]);
    for (const file of files) expect((await stat(join(cwd, 'logins', file))).mode & 0o077).toBe(0);
    const again = await forge({}, 'broker', 'logins', '--out', 'logins');
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toMatch(/^forge: .*name one that does not exist \(FILE_EXISTS\)\n$/);
  });

  test('prepares a broker, at which services then find their streams with their own logins', async () => {
    NATS_URL = await startServer();
    const prepared = await forge({ NATS_URL, ...(await loginOf('admin')) }, 'broker', 'prepare', '--json');
    expect([prepared.code, prepared.stderr]).toEqual([0, '']);
    expect((JSON.parse(prepared.stdout) as { streams: string[] }).streams).toContain('FORGE_EVENTS');
    for (const service of ['auth', 'gateway', 'cognate']) {
      const { NATS_USER: user, NATS_PASSWORD: pass, NATS_INBOX_PREFIX: inboxPrefix } = await loginOf(service);
      const connection = await connectNats({ servers: NATS_URL, user, pass, inboxPrefix, name: service } as never);
      await prepareStreams(connection, service, 'await', 1);
      await closeNats(connection);
    }
  });

  test('says that a service is no administrator, and that a stranger is nobody', async () => {
    for (const login of [await loginOf('cognate'), { NATS_USER: 'cognate', NATS_PASSWORD: 'guess' }]) {
      const { code, stdout, stderr } = await forge({ NATS_URL, ...login }, 'broker', 'prepare');
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^forge: cannot .* \(UNAUTHENTICATED\)\n$/);
    }
    const { stderr } = await forge({ NATS_URL: '' }, 'broker', 'prepare');
    expect(stderr).toBe(
      'forge: the environment is refused: NATS_URL is missing (for example nats://127.0.0.1:4222) (INVALID_ARGUMENT)\n',
    );
  });
});
