import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { logSubject, RecipeSchema } from '@agent-forge/contracts';
import { closeNats, connectNats } from '../connection.js';
import { RunLog } from '../run-log.js';
import { TaskQueue } from '../tasks/task-queue.js';
import { startTestBroker, type TestBroker } from '../testing.js';
import { prepareStreams } from './await-streams.js';

const PHASES = ['cognate', 'evomerge', 'quietstar', 'bitnet', 'training', 'baking', 'adas', 'compression'];
const SERVICES = ['auth', 'gateway', ...PHASES];

/** A service's connection, and what the broker has refused it. */
interface Client {
  readonly connection: NatsConnection;
  readonly refused: string[];
}

let broker: TestBroker;
const clients = new Map<string, Client>();
beforeAll(async () => {
  broker = await startTestBroker({ services: SERVICES });
  for (const service of SERVICES) clients.set(service, await connectAs(service));
});
afterAll(async () => {
  for (const { connection } of clients.values()) await closeNats(connection);
  await broker?.stop();
});

async function connectAs(service: string): Promise<Client> {
  const { user, password, inbox } = broker.server.loginOf(service);
  const connection = await connectNats({
    servers: broker.server.url,
    user,
    pass: password,
    inboxPrefix: inbox,
    name: service,
  });
  const refused: string[] = [];
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError)
        refused.push(`${status.error.operation} ${status.error.subject}`);
  })();
  return { connection, refused };
}

const event = (phase: string, event: string, next = 'none') =>
  logSubject({ tenant: 't1', run: 'r1', phase, event, next });

/** Nobody may send there: when the broker refuses it, all that it has to say of what was before is said. */
const LAST = 'nobody.may';

/** What of something the broker refuses a service. */
async function refusals(
  service: string,
  what: 'publish' | 'subscription',
  attempt: (connection: NatsConnection) => void,
) {
  const { connection, refused } = clients.get(service)!;
  refused.length = 0;
  attempt(connection);
  connection.publish(LAST);
  while (!refused.includes(`publish ${LAST}`)) await sleep(1);
  return refused.slice(0, -1).map((each) => each.replace(`${what} `, ''));
}

const refusedSends = (service: string, subjects: readonly string[]) =>
  refusals(service, 'publish', (connection) => subjects.forEach((subject) => connection.publish(subject, '{}')));

const refusedEars = (service: string, subjects: readonly string[]) =>
  refusals(service, 'subscription', (connection) =>
    subjects.forEach((subject) => connection.subscribe(subject, { callback: () => undefined })),
  );

/** What nobody but the administrator may do. */
const NOBODYS = [
  '$JS.API.STREAM.DELETE.FORGE_EVENTS',
  '$JS.API.STREAM.PURGE.FORGE_EVENTS',
  '$JS.API.STREAM.UPDATE.FORGE_EVENTS',
  '$JS.API.STREAM.MSG.DELETE.FORGE_EVENTS',
  '$JS.API.STREAM.PURGE.FORGE_AUDIT',
  '$JS.API.STREAM.DELETE.FORGE_AUDIT',
  '$JS.API.STREAM.UPDATE.FORGE_AUDIT',
  '$JS.API.STREAM.CREATE.SPY',
  '$JS.API.STREAM.RESTORE.FORGE_EVENTS',
  '$JS.API.STREAM.SNAPSHOT.KV_FORGE_IDENTITIES',
  '$JS.API.CONSUMER.DURABLE.CREATE.FORGE_EVENTS.spy',
  '$JS.API.STREAM.NAMES',
  '$SYS.REQ.SERVER.PING',
];
/** Who may get in, and all that it hangs on: only auth's. */
const AUTHS = [
  '$KV.FORGE_IDENTITIES.user.mallory',
  '$KV.FORGE_TENANTS.tenant.mallory',
  '$KV.FORGE_SESSIONS.session.s1',
  '$KV.FORGE_LOGIN_ATTEMPTS.a1',
  '$KV.FORGE_REVOCATIONS.subject.ada',
  '$JS.API.DIRECT.GET.KV_FORGE_IDENTITIES',
  '$JS.API.DIRECT.GET.KV_FORGE_IDENTITIES.$KV.FORGE_IDENTITIES.user.ada',
  '$JS.API.DIRECT.GET.KV_FORGE_SESSIONS',
  '$JS.API.STREAM.MSG.GET.KV_FORGE_IDENTITIES',
  '$JS.API.CONSUMER.CREATE.KV_FORGE_IDENTITIES.spy.>',
];
const RUNS = [
  event('run', 'requested', 'cognate'),
  event('run', 'cancelled'),
  event('run', 'paused'),
  event('run', 'resumed', 'cognate'),
  event('run', 'retried', 'cognate'),
];

describe('an identity of its own for each service', () => {
  let tried = 0;
  const expectAllRefused = async (service: string, subjects: readonly string[]) => {
    tried += subjects.length;
    expect(await refusedSends(service, subjects)).toEqual(subjects);
  };
  afterAll(() => {
    process.stderr.write(`identities at the broker: ${tried} forbidden subjects tried\n`);
  });

  test.each(PHASES)('%s writes the words of its own phase, and of no other', async (phase) => {
    const others = PHASES.filter((other) => other !== phase);
    const own = ['started', 'completed', 'failed', 'released', 'noted', 'planned', 'checkpointed'].map((name) =>
      event(phase, name, others[0]),
    );
    expect(await refusedSends(phase, [...own, `forge.progress.t1.r1.${phase}.progress`])).toEqual([]);
    await expectAllRefused(
      phase,
      others.flatMap((other) => [
        event(other, 'completed', phase),
        event(other, 'started'),
        event(other, 'failed'),
        `forge.progress.t1.r1.${other}.progress`,
        `forge.dead.t1.r1.phase${other}`,
        `forge.tasks.t1.r1.${other}.${'0'.repeat(64)}`,
        `$JS.API.CONSUMER.CREATE.FORGE_EVENTS.phase-${other}-t1.forge.events.t1.*.*.*.${other}`,
      ]),
    );
    await expectAllRefused(phase, [...NOBODYS, ...AUTHS, ...RUNS, 'forge.audit', '$KV.FORGE_WEBHOOKS.t1.w1']);
  });

  test('the gateway asks for runs, and says nothing of their phases', async () => {
    expect(await refusedSends('gateway', [...RUNS, 'forge.audit'])).toEqual([]);
    await expectAllRefused('gateway', [
      ...PHASES.flatMap((phase) => [event(phase, 'completed'), event(phase, 'started'), event(phase, 'failed')]),
      event('run', 'completed'),
      event('run', 'failed'),
      ...NOBODYS,
      ...AUTHS,
    ]);
  });

  test('auth keeps who may get in, and has nothing to do with runs', async () => {
    const own = AUTHS.filter((subject) => subject.startsWith('$KV.'));
    expect(await refusedSends('auth', [...own, 'forge.audit'])).toEqual([]);
    await expectAllRefused('auth', [
      ...PHASES.map((phase) => event(phase, 'completed')),
      ...RUNS,
      ...NOBODYS,
      '$KV.FORGE_WEBHOOKS.t1.w1',
      '$JS.API.DIRECT.GET.KV_FORGE_WEBHOOKS',
      '$JS.API.DIRECT.GET.FORGE_EVENTS',
    ]);
  });

  test.each(SERVICES)('%s hears answers to itself and to nobody else', async (service) => {
    const others = SERVICES.filter((other) => other !== service).map((other) => `_INBOX_${other}.>`);
    const all = ['>', '_INBOX.>', 'forge.>', 'forge.events.>', 'forge.audit', '$KV.>', '$JS.>', ...others];
    expect(await refusedEars(service, [`_INBOX_${service}.>`])).toEqual([]);
    tried += all.length;
    expect(await refusedEars(service, all)).toEqual(all);
  });

  test('a service finds its streams, and does its work with its own login', async () => {
    for (const [service, { connection, refused }] of clients) {
      refused.length = 0;
      await prepareStreams(connection, service, 'await', 1);
      expect(refused).toEqual([]);
    }
    const gateway = new RunLog(clients.get('gateway')!.connection, '/agentforge/gateway');
    const recipe = create(RecipeSchema, { name: 'test', phases: [{ phase: 'cognate' }, { phase: 'evomerge' }] });
    await gateway.execute('t1', 'real', { do: 'request', recipe, requestedBy: 'ada' });
    const cognate = new RunLog(clients.get('cognate')!.connection, '/agentforge/cognate');
    const evomerge = new RunLog(clients.get('evomerge')!.connection, '/agentforge/evomerge');
    const claim = (log: RunLog, phase: string) => log.execute('t1', 'real', { do: 'claim', phase, worker: 'w1' });
    await expect(claim(evomerge, 'cognate')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await claim(cognate, 'cognate')).state.phases[0]?.status).toBe('claimed');
  });

  test('a phase watches the results of several tasks at once', async () => {
    const { connection, refused } = clients.get('cognate')!;
    refused.length = 0;
    const queue = await TaskQueue.open(connection);
    const stop = await queue.watch(['0'.repeat(64), '1'.repeat(64)], () => undefined);
    stop();
    expect(refused).toEqual([]);
  });

  test('without a login nobody gets in, nor with that of another service', async () => {
    const servers = broker.server.url;
    const { password } = broker.server.loginOf('cognate');
    for (const login of [{}, { user: 'cognate', pass: 'guess' }, { user: 'evomerge', pass: password }])
      await expect(connectNats({ servers, ...login, name: 'stranger' })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
  });
});
