import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { World } from '../testing/world.js';

let world: World;
beforeAll(async () => void (world = await World.create()));
afterAll(() => world?.destroy());

const secretIn = async (dir: string) =>
  JSON.parse(await readFile(join(dir, 'auth', 'admin.json'), 'utf8')).clientSecret as string;

test('replicas with folders of their own have each a secret, and all are good everywhere', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
  const other = await world.replica({ FORGE_DATA_DIR: dir });
  const secrets = [await secretIn(world.broker.dataDir), await secretIn(dir)];
  expect(new Set(secrets).size).toBe(2);
  for (const secret of secrets) expect((await world.forSecret('admin', secret)).status).toBe(200);
  await other.close();
  await rm(dir, { recursive: true });
});

test('whoever removes the file gets a new secret; the one of before counts until it is withdrawn, and then never again', async () => {
  const before = await secretIn(world.broker.dataDir);
  const path = join(world.dir, 'admin.json');
  await rm(path);
  await (await world.replica()).close();
  const after = await secretIn(world.broker.dataDir);
  expect(after).not.toBe(before);
  const token = await world.token('admin', before);
  await world.ask('POST', '/v1/clients/admin:rotate', { token });
  for (const secret of [before, after]) expect((await world.forSecret('admin', secret)).status).toBe(401);
  await expect(world.replica()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/was withdrawn; remove the file/),
  });
  await rm(path);
  await (await world.replica()).close();
  expect((await world.forSecret('admin', await secretIn(world.broker.dataDir))).status).toBe(200);
});
