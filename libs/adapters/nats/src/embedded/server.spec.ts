import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectNats, closeNats } from '../connection.js';
import { findServerBinary } from './binary.js';
import { startEmbeddedServer } from './server.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'agent-forge-embedded-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 1_600; i++) {
    if (await condition()) return;
    await sleep(25);
  }
  throw new Error(`waited in vain until ${what}`);
}

describe('the embedded server', () => {
  test('syncs every message, listens on loopback only, asks for its password, and ends when told', async () => {
    const server = await startEmbeddedServer({ dataDir, monitor: true });
    const jsz = (await (await fetch(`${server.monitorUrl}/jsz?config=1`)).json()) as {
      config: Record<string, unknown>;
    };
    expect(jsz.config).toMatchObject({ sync_always: true, store_dir: expect.stringContaining(dataDir) });
    const varz = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as { host: string };
    expect(varz.host).toBe('127.0.0.1');
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    const intruder = connectNats({ servers: server.url, user: server.user, pass: 'guess', name: 'intruder' });
    await expect(intruder).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await stat(join(dataDir, 'nats', 'nats-server.conf'))).mode & 0o077).toBe(0);
    await server.stop();
    await until(() => !isAlive(server.pid), 'the server is gone');
    expect(await readdir(dataDir)).toEqual(['nats']);
  });

  test('refuses a second server on the same data, and starts again after a crash', async () => {
    const first = await startEmbeddedServer({ dataDir });
    const second = startEmbeddedServer({ dataDir });
    await expect(second).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringContaining('in use by process'),
    });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const third = await startEmbeddedServer({ dataDir });
    const connection = await connectNats({ servers: third.url, user: third.user, pass: third.password, name: 'test' });
    await closeNats(connection);
    await third.stop();
  });

  test('ends with its parent, even when that is killed', async () => {
    const module = new URL('./server.js', import.meta.url).href;
    const script = `const { startEmbeddedServer } = await import(${JSON.stringify(module)});
      const server = await startEmbeddedServer({ dataDir: ${JSON.stringify(dataDir)} });
      process.stdout.write(String(server.pid) + '\\n');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    parent.stdout.on('data', (chunk) => (said += chunk));
    await until(() => said.endsWith('\n'), 'the server runs');
    const pid = Number(said);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the server is gone');
  });
});

describe('finding nats-server', () => {
  async function fake(name: string, script: string): Promise<string> {
    const dir = join(dataDir, 'fake');
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, name), 0o755);
    return dir;
  }
  const privateDir = () => join(dataDir, 'bin');

  test('takes the named one before all others, and says why it cannot be used', async () => {
    const dir = await fake('mine', 'echo "nats-server: v2.12.1"');
    expect(await findServerBinary(privateDir(), { NATS_SERVER_BIN: join(dir, 'mine'), PATH: '' })).toBe(
      join(dir, 'mine'),
    );
    await fake('mine', 'echo "nats-server: v2.9.10"');
    const old = findServerBinary(privateDir(), { NATS_SERVER_BIN: join(dir, 'mine') });
    await expect(old).rejects.toMatchObject({
      code: 'BROKER_MISSING',
      message: expect.stringMatching(/v2\.9\.10, older than 2\.11/),
    });
    const missing = findServerBinary(privateDir(), { NATS_SERVER_BIN: '/nowhere/nats-server' });
    await expect(missing).rejects.toMatchObject({
      code: 'BROKER_MISSING',
      message: expect.stringContaining('does not run'),
    });
  });

  test('takes the one on the PATH when it is new enough, else the packaged one in a private copy', async () => {
    const dir = await fake('nats-server', 'echo "nats-server: v2.11.0"');
    expect(await findServerBinary(privateDir(), { PATH: `/nowhere:${dir}` })).toBe(join(dir, 'nats-server'));
    await fake('nats-server', 'echo "nats-server: v2.10.27"');
    const copy = await findServerBinary(privateDir(), { PATH: `${dir}:/usr/bin:/bin` });
    expect(copy).toBe(join(privateDir(), 'nats-server'));
    expect((await stat(copy)).mode & 0o777).toBe(0o700);
    // A copy that was tampered with is replaced, not run.
    await writeFile(copy, '#!/bin/sh\necho evil');
    await findServerBinary(privateDir(), { PATH: '' });
    expect((await readFile(copy)).subarray(1, 4).toString()).toBe('ELF');
  });
});
