import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancelRun, createRun, pauseRun, retryRun, uploadDataset, watchRun, type Connection } from '@agent-forge/sdk';
import { Rng } from '@agent-forge/contracts';
import { publishProgress } from '@agent-forge/nats';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let artifactId: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  ({ artifactId } = await uploadDataset(client, textOf('Some text.\n')));
});
afterAll(() => world?.destroy());

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function newRun(): Promise<string> {
  const data = [{ name: 'text', artifactId }];
  return (await createRun(client, { data, phases: [{ phase: 'cognate', params: { steps: 5 } }] })).id;
}

/** Attempts that come to nothing: each is two events of the log. */
async function attempt(id: string, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) {
    const claim = { phase: 'cognate', worker: `w${i}` };
    await world.log.execute('main', id, { do: 'claim', ...claim });
    await world.log.execute('main', id, { do: 'release', ...claim, attempt: i });
  }
}

function progress(id: string, serial: number): void {
  const address = { tenant: 'main', run: id, phase: 'cognate', source: '/agentforge/test' };
  publishProgress(world.broker.connection, address, serial, { attempt: 1, stage: `s${serial}`, fraction: 0.5 });
}

/** What a watcher sees, in short: `started 3`, `progress s7`. */
async function watch(connection: Connection, id: string, after?: string, seen: string[] = []): Promise<string[]> {
  for await (const { event } of watchRun(connection, id, after ? { after } : {})) {
    const what = event.name.split('.')[1]!;
    if (event.name === 'phase.progress') seen.push(`${what} ${event.data.stage}`);
    else if (event.name === 'phase.started' || event.name === 'phase.released')
      seen.push(`${what} ${event.data.attempt}`);
    else seen.push(what);
  }
  return seen;
}

const expectedLog = (attempts: number) => [
  'requested',
  ...Array.from({ length: attempts }, (_, i) => [`started ${i + 1}`, `released ${i + 1}`]).flat(),
  'cancelled',
];
const logOf = (seen: string[]) => seen.filter((what) => !what.startsWith('progress'));
const progressOf = (seen: string[]) => seen.filter((what) => what.startsWith('progress'));

/** A way to the gateway that breaks every connection after so many bytes of answers. */
async function brittle(url: string, bytes: () => number): Promise<{ server: Server; url: string; cuts: () => number }> {
  const { hostname, port } = new URL(url);
  let cuts = 0;
  const server = createServer((near: Socket) => {
    const far = connect(Number(port), hostname);
    let left = bytes();
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      near.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      cuts += 1;
      near.end(() => near.destroy());
      far.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: () => cuts };
}

test('events are told from the beginning, as they come, until the run has ended', async () => {
  const id = await newRun();
  await attempt(id, 1, 2);
  const seen: string[] = [];
  const watching = watch(client, id, undefined, seen);
  for (let i = 1; i <= 3; i++) progress(id, i);
  await world.broker.connection.flush();
  while (progressOf(seen).length < 3) await sleep(20);
  await attempt(id, 3, 3);
  await cancelRun(client, id);
  await watching;
  expect(logOf(seen)).toEqual(expectedLog(3));
  expect(progressOf(seen)).toEqual(['progress s1', 'progress s2', 'progress s3']);
});

test('a watcher whose connection breaks all the time misses nothing and hears nothing twice', async () => {
  const id = await newRun();
  // Enough for the headers and one or two events, so that connections break inside of events as well as between them.
  let calls = 0;
  const way = await brittle(client.url, () => 1_200 + ((calls++ * 397) % 900));
  const seen: string[] = [];
  const watching = watch({ ...client, url: way.url }, id, undefined, seen);
  await attempt(id, 1, 10);
  for (let i = 1; i <= 5; i++) progress(id, i);
  await attempt(id, 11, 12);
  await cancelRun(client, id);
  await watching;
  way.server.close();
  expect(way.cuts()).toBeGreaterThan(5);
  expect(logOf(seen)).toEqual(expectedLog(12));
  expect(new Set(progressOf(seen)).size).toBe(progressOf(seen).length);
});

test('of hundreds of events none is missed, told twice or out of order, though the connection breaks at random bytes', async () => {
  const id = await newRun();
  const attempts = 260;
  await attempt(id, 1, attempts / 2);
  const rng = Rng.derive(7, 'cuts');
  // From inside the headers to some twenty events.
  const way = await brittle(client.url, () => 1 + rng.int(9_000));
  const positions: string[] = [];
  const names: string[] = [];
  const watching = (async () => {
    for await (const { event, position } of watchRun({ ...client, url: way.url }, id)) {
      positions.push(position);
      const { attempt: which = 0 } = event.data as { attempt?: number };
      names.push(`${event.name.split('.')[1]!}${which > 0 ? ` ${which}` : ''}`);
    }
  })();
  await attempt(id, attempts / 2 + 1, attempts);
  await cancelRun(client, id);
  await watching;
  way.server.close();
  expect(way.cuts()).toBeGreaterThan(25);
  expect(names).toHaveLength(2 * attempts + 2);
  expect(names).toEqual(expectedLog(attempts));
  const sequences = positions.map((position) => Number(position.split('.')[0]));
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  process.stdout.write(`${names.length} events over ${way.cuts()} connections that broke\n`);
});

test('a watcher goes on where it was when the gateway is started anew', async () => {
  const id = await newRun();
  const seen: string[] = [];
  const watching = watch(client, id, undefined, seen);
  await attempt(id, 1, 2);
  while (seen.length < 5) await sleep(20);
  await world.restart();
  await attempt(id, 3, 4);
  await cancelRun(client, id);
  await watching;
  expect(logOf(seen)).toEqual(expectedLog(4));
});

test('a position names where to go on; behind the end there is nothing', async () => {
  const id = await newRun();
  await attempt(id, 1, 2);
  await cancelRun(client, id);
  const positions: string[] = [];
  for await (const { position } of watchRun(client, id)) positions.push(position);
  expect(positions).toHaveLength(6);
  expect(await watch(client, id, positions[2])).toEqual(expectedLog(2).slice(3));
  expect(await watch(client, id, positions.at(-1))).toEqual([]);
});

test('a run that is retried after its end is told on, from any position before, between and behind its ends', async () => {
  const id = await newRun();
  await attempt(id, 1, 1);
  await cancelRun(client, id);
  const positions: string[] = [];
  for await (const { position } of watchRun(client, id)) positions.push(position);
  const ended = positions.at(-1)!;
  expect(await watch(client, id, ended)).toEqual([]);

  await retryRun(client, id, { phase: 'cognate' });
  const live: string[] = [];
  const watching = Promise.all([watch(client, id, ended, live), watch(client, id)]);
  while (live.length < 1) await sleep(20);
  await attempt(id, 2, 2);
  await cancelRun(client, id);
  const again = ['retried', 'started 2', 'released 2', 'cancelled'];
  const whole = [...expectedLog(1), ...again];
  expect(await watching).toEqual([again, whole]);

  // All of it is past now, and the run has two ends in its log.
  expect(await watch(client, id)).toEqual(whole);
  expect(await watch(client, id, positions[1])).toEqual(whole.slice(2));
  expect(await watch(client, id, ended)).toEqual(again);
});

test('a watcher of a retried run whose connection breaks all the time hears both ends', async () => {
  const id = await newRun();
  await attempt(id, 1, 3);
  await cancelRun(client, id);
  await retryRun(client, id, { phase: 'cognate' });
  await attempt(id, 4, 6);
  await cancelRun(client, id);
  let calls = 0;
  const way = await brittle(client.url, () => 1_200 + ((calls++ * 397) % 900));
  const seen = await watch({ ...client, url: way.url }, id);
  way.server.close();
  expect(way.cuts()).toBeGreaterThan(3);
  const second = [4, 5, 6].flatMap((i) => [`started ${i}`, `released ${i}`]);
  expect(seen).toEqual([...expectedLog(3), 'retried', ...second, 'cancelled']);
});

test('a run that is paused has not ended: who has heard all waits for more', async () => {
  const id = await newRun();
  await pauseRun(client, id);
  const positions: string[] = [];
  for await (const { position, event } of watchRun(client, id)) {
    positions.push(position);
    if (event.name === 'run.paused') break;
  }
  const watching = watch(client, id, positions.at(-1));
  // Time enough for an answer that nothing comes any more.
  await sleep(300);
  await cancelRun(client, id);
  expect(await watching).toEqual(['cancelled']);
});

test('positions of our own making and runs that are not there are refused', async () => {
  const id = await newRun();
  for (const after of ['x', '1', '-1.0', '1.2.3', '9'.repeat(30)]) {
    await expect(watch(client, id, after)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
  await expect(watch(client, 'nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('watchers that go away leave nothing behind on the broker', async () => {
  const id = await newRun();
  const stop = new AbortController();
  const watchers = Array.from({ length: 5 }, async () => {
    for await (const _ of watchRun(client, id, { signal: stop.signal }));
  });
  await sleep(300);
  stop.abort();
  for (const watcher of watchers) await expect(watcher).rejects.toMatchObject({ code: 'CANCELLED' });
  // A gateway that still had streams to feed would wait for them.
  await world.restart();
});
