import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DeliveryView, NewWebhook } from '@agent-forge/contracts';
import { createRun, uploadDataset } from '@agent-forge/sdk';
import { startSystem, type System } from '../system/system.js';
import { startForge } from '../testing/command.js';

let cwd: string;
let system: System;
let server: Server;
let url: string;
let asked = 0;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'agent-forge-webhooks-'));
  server = createServer((_, response) => void response.writeHead(asked++ === 0 ? 200 : 500).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // Services take over the environment, as they do from whoever hosts the system.
  process.env['FORGE_WEBHOOK_ALLOW'] = new URL(url).host;
  const { signal } = new AbortController();
  system = await startSystem({ dataDir: join(cwd, 'forge-data'), port: 0, authPort: 0, signal });
});
afterAll(async () => {
  delete process.env['FORGE_WEBHOOK_ALLOW'];
  await system?.stop();
  server?.close();
  await rm(cwd, { recursive: true, force: true });
});

const run = async (...args: string[]) => {
  const env = { FORGE_URL: system.connection.url, FORGE_AUTH_URL: system.authUrl };
  const { code, stdout, stderr } = await startForge({ cwd, env }, 'webhooks', ...args).finished;
  return { code, stdout, stderr };
};

test('a webhook is added, hears of a run, is looked at, asked again and removed', async () => {
  const refused = await run('add', 'https://10.0.0.1/');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/^forge: url: the target is not at a public address/),
  ]);
  const added = await run('add', url, '--event', 'run.requested', 'run.cancelled', '--json');
  expect([added.stderr, added.code]).toEqual(['', 0]);
  const { id, secret, events } = JSON.parse(added.stdout) as NewWebhook;
  expect(events).toEqual(['run.requested', 'run.cancelled']);
  const list = await run('list');
  expect(list.stdout).toMatch(new RegExp(`${id} .* run.requested run.cancelled +${url}\n$`));
  expect(list.stdout).not.toContain(secret);

  const { artifactId } = await uploadDataset(
    system.connection,
    (async function* () {
      yield Buffer.from('some text');
    })(),
  );
  const data = [{ name: 'text', artifactId }];
  await createRun(system.connection, { data, phases: [{ phase: 'cognate' }] });
  let delivery: DeliveryView | undefined;
  while (delivery?.status !== 'delivered') {
    const { stdout } = await run('deliveries', id, '--json');
    [delivery] = (JSON.parse(stdout) as { deliveries: DeliveryView[] }).deliveries;
  }
  expect((await run('redeliver', id, delivery.id)).stdout).toBe(`delivery ${delivery.id} is pending\n`);
  expect((await run('deliveries', id)).stdout).toMatch(/^delivery +event .*\nd0+\d+ +run\.requested /);
  expect(await run('remove', id)).toEqual({ code: 0, stdout: `webhook ${id} is gone\n`, stderr: '' });
  expect(await run('deliveries', id)).toMatchObject({
    code: 1,
    stderr: 'forge: there is no such webhook (NOT_FOUND)\n',
  });
});
