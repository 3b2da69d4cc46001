import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startForge } from '../testing/command.js';
import { startBroker, type Broker } from './broker.js';
import { launchService } from './service-process.js';
import type { RunningService } from './service.js';

const FIXTURES = join(import.meta.dirname, '../../../../libs/adapters/nats/fixtures/tls');
const TRUST = { NODE_EXTRA_CA_CERTS: join(FIXTURES, 'ca.pem') };
const TLS = {
  ...TRUST,
  FORGE_PORT: '0',
  FORGE_TLS_CERT_FILE: join(FIXTURES, 'server.pem'),
  FORGE_TLS_KEY_FILE: join(FIXTURES, 'server.key'),
};

let dataDir: string;
let broker: Broker;
const services: RunningService[] = [];
let authUrl: string;
let url: string;

function start(name: string, env: Record<string, string>): Promise<string> {
  const service = launchService(name, dataDir, { ...broker.envOf(name), ...env });
  services.push(service);
  return service.ready;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'agent-forge-tls-'));
  broker = await startBroker(dataDir);
  authUrl = await start('auth', TLS);
  url = await start('gateway', { ...TLS, FORGE_AUTH_URL: authUrl });
}, 60_000);
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await broker?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const whoami = (env: Record<string, string>) =>
  startForge(
    { cwd: dataDir, env: { FORGE_URL: url, FORGE_AUTH_URL: authUrl, ...env } },
    'whoami',
    '--json',
    '--data-dir',
    dataDir,
  ).finished;

test('gateway and auth speak https, with each other and with clients that trust their authority', async () => {
  expect([authUrl, url].map((each) => new URL(each).protocol)).toEqual(['https:', 'https:']);
  const { code, stdout, stderr } = await whoami(TRUST);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ role: 'admin' });
}, 60_000);

test('a client that does not know the authority sends nothing', async () => {
  const { code, stdout, stderr } = await whoami({ NODE_EXTRA_CA_CERTS: '' });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^forge: no token can be had: https:\S+ does not answer \(\w*(CERT|SIGNATURE)\w*\) \(AUTH_UNAVAILABLE\)\n$/,
  );
}, 60_000);

/** Whether the gateway agrees with a client that can do no more than this. */
async function agrees(options: ConnectionOptions): Promise<boolean> {
  const { port } = new URL(url);
  const socket = connect({ host: 'localhost', port: Number(port), rejectUnauthorized: false, ...options });
  // An error of the handshake rejects.
  const outcome = await once(socket, 'secureConnect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return outcome;
}

test.each<[SecureVersion, boolean]>([
  ['TLSv1.1', false],
  ['TLSv1.2', true],
  ['TLSv1.3', true],
])('whoever speaks %s only is answered: %s', async (version, isAnswered) => {
  const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
  expect(await agrees(only)).toBe(isAnswered);
});

test.each<[string, boolean]>([
  ['ECDHE-ECDSA-AES256-GCM-SHA384', true],
  ['ECDHE-ECDSA-CHACHA20-POLY1305', true],
  ['ECDHE-ECDSA-AES128-GCM-SHA256', true],
  ['ECDHE-ECDSA-AES128-SHA256', false],
  ['ECDHE-ECDSA-AES256-SHA', false],
])('whoever knows %s only, by TLS 1.2, is answered: %s', async (ciphers, isAnswered) => {
  expect(await agrees({ maxVersion: 'TLSv1.2', ciphers })).toBe(isAnswered);
});

test('by http nobody gets an answer', async () => {
  await expect(fetch(`${url.replace('https:', 'http:')}/health`)).rejects.toThrow('fetch failed');
});

test('a gateway that would ask auth in the clear over the network does not start', async () => {
  const refused = start('gateway', { ...TLS, FORGE_AUTH_URL: 'http://auth.example:8084' });
  await expect(refused).rejects.toMatchObject({
    code: 'SERVICE_FAILED',
    message: expect.stringMatching(/FORGE_AUTH_URL leads to auth\.example, off this machine and in the clear/),
  });
}, 60_000);
