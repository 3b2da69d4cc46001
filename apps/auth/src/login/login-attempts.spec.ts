import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ATTEMPT_BUCKET, NatsRecords } from '@agent-forge/nats';
import { PASSWORD, World } from '../testing/world.js';
import { LockedOut, LoginAttempts } from './login-attempts.js';

let world: World;
let attempts: LoginAttempts;
beforeAll(async () => {
  world = await World.create();
  attempts = new LoginAttempts(await NatsRecords.open(world.broker.connection, ATTEMPT_BUCKET));
});
afterAll(() => world?.destroy());

/** Attempts one behind the other, each as soon as it may be; the waits between them. */
async function waits(name: string, count: number): Promise<number[]> {
  let nowMs = 1_800_000_000_000;
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const locked = await attempts.begin(name, nowMs).catch((error: unknown) => error);
    if (locked instanceof LockedOut) {
      found.push(locked.retryAfterSeconds);
      nowMs += locked.retryAfterSeconds * 1_000;
      await attempts.begin(name, nowMs);
    } else found.push(0);
  }
  return found;
}

describe('failed logins', () => {
  test('cost nothing at first, then a wait that doubles up to a quarter of an hour', async () => {
    const expected = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    expect(await waits('user.a', expected.length)).toEqual(expected);
  });

  test('are forgotten after a success', async () => {
    expect((await waits('user.b', 7)).at(-1)).toBe(2);
    await attempts.succeeded('user.b');
    expect(await waits('user.b', 5)).toEqual([0, 0, 0, 0, 0]);
  });

  test('are all counted, however many come at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => attempts.begin('user.c')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });
});

describe('a login', () => {
  test('is refused with 429 after five mistakes, with the right password too, and says when to come again', async () => {
    await world.makeUser('ada');
    for (let i = 0; i < 5; i++) expect((await world.login('ada', 'wrong password')).status).toBe(401);
    const locked = await world.login('ada');
    expect([locked.status, locked.body.code, locked.headers.get('retry-after')]).toEqual([
      429,
      'TOO_MANY_ATTEMPTS',
      '1',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await world.login('ada')).status).toBe(200);
    expect((await world.login('ada', 'wrong password')).status).toBe(401);
  });

  test('of a name that nobody has looks the same in every answer', async () => {
    await world.makeUser('eve');
    const answers = async (name: string) => {
      const seen = [];
      for (let i = 0; i < 6; i++) {
        const { status, headers, body } = await world.login(name, 'wrong password');
        seen.push([status, headers.get('retry-after'), body.code, body.detail]);
      }
      return seen;
    };
    expect(await answers('nobody')).toEqual(await answers('eve'));
  });

  test('takes the same work for a name that nobody has: both hash once', async () => {
    await world.makeUser('sam');
    const median = async (name: () => string) => {
      const times = [];
      for (let i = 0; i < 9; i++) {
        const startedAt = performance.now();
        await world.login(name(), `${PASSWORD} not`);
        times.push(performance.now() - startedAt);
        await new LoginAttempts(await NatsRecords.open(world.broker.connection, ATTEMPT_BUCKET)).succeeded('user.sam');
      }
      return times.sort((a, b) => a - b)[4]!;
    };
    let serial = 0;
    const [known, unknown] = [await median(() => 'sam'), await median(() => `nobody${serial++}`)];
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(3);
  });

  test.each<[string, object]>([
    ['no password', { user: 'ada' }],
    ['a password that is no text', { user: 'ada', password: { $ne: '' } }],
    ['a password that is too long', { user: 'ada', password: 'x'.repeat(1_000) }],
    ['a list of users', { user: ['ada', 'admin'], password: PASSWORD }],
    ['more than it takes', { user: 'ada', password: PASSWORD, role: 'admin' }],
  ])('with %s is refused before anything is hashed', async (_, json) => {
    expect((await world.ask('POST', '/v1/login', { json })).status).toBe(400);
  });
});
