import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeNats, connectNats, type NatsTls } from './connection.js';
import { findServerBinary } from './embedded/binary.js';
import { readAddresses } from './embedded/server.js';
import { startTestBroker } from './testing.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'tls');
const file = (name: string) => join(FIXTURES, name);
const OURS: NatsTls = { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client.key') };

let dir: string;
let server: ChildProcess;
let port: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-tls-'));
  await mkdir(join(dir, 'ports'));
  const tls = `tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}", ca_file: "${file('ca.pem')}", verify: true }`;
  const lines = [
    'host: "127.0.0.1"',
    'port: -1',
    `ports_file_dir: "${dir}/ports"`,
    `jetstream { store_dir: "${dir}/js" }`,
    tls,
  ];
  await writeFile(join(dir, 'nats.conf'), lines.join('\n'));
  server = spawn(await findServerBinary(join(dir, 'bin')), ['-c', join(dir, 'nats.conf')], { stdio: 'ignore' });
  let addresses: { url: string } | undefined;
  while ((addresses = await readAddresses(join(dir, 'ports'))) === undefined) await sleep(20);
  ({ port } = new URL(addresses.url.replace('tls:', 'nats:')));
});
afterAll(async () => {
  server.kill();
  await once(server, 'exit');
  await rm(dir, { recursive: true, force: true });
});

test.each(['nats', 'tls'])('a broker with TLS is reached by %s://, when both sides know each other', async (scheme) => {
  const connection = await connectNats({ servers: `${scheme}://localhost:${port}`, tls: OURS, name: 'test' });
  expect(connection.info?.tls_required).toBe(true);
  await closeNats(connection);
});

test.each<[string, NatsTls]>([
  ['an authority that we do not know', {}],
  ['no certificate of ours', { caFile: file('ca.pem') }],
])(
  'a broker with TLS is not reached with %s',
  async (_, tls) => {
    const tried = connectNats({ servers: `tls://localhost:${port}`, tls, name: 'test' });
    await expect(tried).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  },
  60_000,
);

test('a broker without TLS is told nothing, when TLS is wanted', async () => {
  const broker = await startTestBroker();
  const { url, user, password } = broker.server;
  const tried = connectNats({ servers: url.replace('nats:', 'tls:'), user, pass: password, name: 'test' });
  await expect(tried).rejects.toMatchObject({ message: expect.stringContaining('tls') });
  await broker.stop();
}, 60_000);
