import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIT_SUBJECT, type AuditEvent, type AuditVerdict } from '@agent-forge/contracts';
import { closeNats, connectNats, findEmbeddedServer } from '@agent-forge/nats';
import { RunningSystem } from '../testing/running-system.js';

let here: RunningSystem;
beforeAll(async () => void (here = await RunningSystem.start()));
afterAll(() => here?.stop());

const run = (...args: string[]) => here.forge(...args).finished;

test('what was asked for stands in the log, and its chain is checked; a foreign record is found', async () => {
  expect((await run('cancel', 'none')).code).toBe(1);
  const list = await run('audit', 'list');
  expect([list.stderr, list.code]).toEqual(['', 0]);
  // Each command logs in, and that stands there too.
  const login = String.raw`.* admin +done \(200\) +POST /oauth/token +127\.0\.0\.1 +/oauth/token\n`;
  const cancel = String.raw`.* admin +refused \(404\) +POST /v1/runs/\{run\}:cancel +127\.0\.0\.1 +/v1/runs/none:cancel\n`;
  const head = 'record +time +who +outcome +what +from +resource\n';
  expect(list.stdout).toMatch(new RegExp(`^${head}1 ${login}2 ${cancel}3 ${login}$`));
  const events = (await run('audit', 'list', '--json')).stdout.trim().split('\n');
  const event = JSON.parse(events[1]!) as AuditEvent;
  expect(event).toMatchObject({ actor: 'admin', outcome: 'refused', status: 404 });

  const verify = await run('audit', 'verify');
  expect([verify.stderr, verify.code]).toEqual(['', 0]);
  const [, end = ''] =
    /^5 records with 5 events are in order; 5 of them you may read\nhead (5:[0-9a-f]{64})\n$/.exec(verify.stdout) ?? [];
  expect((await run('audit', 'verify', '--head', end)).code).toBe(0);
  const cut = await run('audit', 'verify', '--head', end.replace('5:', '99:'));
  expect([cut.code, cut.stderr]).toEqual([1, expect.stringMatching(/its end was removed \(DIGEST_MISMATCH\)/)]);

  const server = (await findEmbeddedServer(join(here.cwd, 'forge-data')))!;
  const connection = await connectNats({ ...server, name: 'test' });
  await jetstream(connection).publish(AUDIT_SUBJECT, '{}');
  await closeNats(connection);
  const broken = await run('audit', 'verify', '--json');
  expect((JSON.parse(broken.stdout) as AuditVerdict).fault).toMatchObject({ sequence: 8 });
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringMatching(/^forge: the audit log is not what was written/),
  ]);
});
