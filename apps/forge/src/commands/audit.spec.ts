import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIT_SUBJECT, type AuditEvent, type AuditVerdict } from '@agent-forge/contracts';
import { closeNats, connectNats, findEmbeddedServer } from '@agent-forge/nats';
import { startSystem, type System } from '../system/system.js';
import { startForge } from '../testing/command.js';

let cwd: string;
let system: System;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'agent-forge-audit-'));
  const { signal } = new AbortController();
  system = await startSystem({ dataDir: join(cwd, 'forge-data'), port: 0, authPort: 0, signal });
});
afterAll(async () => {
  await system?.stop();
  await rm(cwd, { recursive: true, force: true });
});

const run = (...args: string[]) => {
  const env = { FORGE_URL: system.connection.url, FORGE_AUTH_URL: system.authUrl };
  return startForge({ cwd, env }, ...args).finished;
};

test('what was asked for stands in the log, and its chain is checked; a foreign record is found', async () => {
  expect((await run('cancel', 'none')).code).toBe(1);
  const list = await run('audit', 'list');
  expect([list.stderr, list.code]).toEqual(['', 0]);
  expect(list.stdout).toMatch(
    /^record +time +who +outcome +what +from +resource\n1 .* admin +refused \(404\) +POST \/v1\/runs\/\{run\}:cancel +127\.0\.0\.1 +\/v1\/runs\/none:cancel\n$/,
  );
  const event = JSON.parse((await run('audit', 'list', '--json')).stdout) as AuditEvent;
  expect(event).toMatchObject({ actor: 'admin', outcome: 'refused', status: 404 });

  const verify = await run('audit', 'verify');
  expect([verify.stderr, verify.code]).toEqual(['', 0]);
  const [, head = ''] =
    /^1 records with 1 events are in order; 1 of them you may read\nhead (1:[0-9a-f]{64})\n$/.exec(verify.stdout) ?? [];
  expect((await run('audit', 'verify', '--head', head)).code).toBe(0);
  const cut = await run('audit', 'verify', '--head', head.replace('1:', '9:'));
  expect([cut.code, cut.stderr]).toEqual([1, expect.stringMatching(/its end was removed \(DIGEST_MISMATCH\)/)]);

  const server = (await findEmbeddedServer(join(cwd, 'forge-data')))!;
  const connection = await connectNats({ ...server, name: 'test' });
  await jetstream(connection).publish(AUDIT_SUBJECT, '{}');
  await closeNats(connection);
  const broken = await run('audit', 'verify', '--json');
  expect((JSON.parse(broken.stdout) as AuditVerdict).fault).toMatchObject({ sequence: 2 });
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringMatching(/^forge: the audit log is not what was written/),
  ]);
});
