import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DeliveryView, NewWebhook } from '@agent-forge/contracts';
import { createRun, uploadDataset } from '@agent-forge/sdk';
import { RunningSystem } from '../testing/running-system.js';

let here: RunningSystem;
let server: Server;
let url: string;
let asked = 0;
beforeAll(async () => {
  server = createServer((_, response) => void response.writeHead(asked++ === 0 ? 200 : 500).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // Services take over the environment, as they do from whoever hosts the system.
  process.env['FORGE_WEBHOOK_ALLOW'] = new URL(url).host;
  here = await RunningSystem.start();
});
afterAll(async () => {
  delete process.env['FORGE_WEBHOOK_ALLOW'];
  await here?.stop();
  server?.close();
});

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await here.forge('webhooks', ...args).finished;
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
    here.system.connection,
    (async function* () {
      yield Buffer.from('some text');
    })(),
  );
  const data = [{ name: 'text', artifactId }];
  await createRun(here.system.connection, { data, phases: [{ phase: 'cognate' }] });
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
