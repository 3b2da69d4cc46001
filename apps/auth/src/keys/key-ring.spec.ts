import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LIFETIME_SECONDS } from '../tokens/lifetime.js';
import { KeyRing, PUBLISHED_AFTER_MS, PUBLISHED_AHEAD_MS } from './key-ring.js';
import { generateSigningKey } from './signing-key.js';

const START = 1_800_000_000_000;
const DAY = 86_400_000;
const MINUTE = 60_000;

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'agent-forge-keys-'))));
afterEach(() => rm(dir, { recursive: true }));

const open = (nowMs: number) => KeyRing.open(dir, 30 * DAY, nowMs);
const statesOf = (ring: KeyRing, nowMs: number) => ring.states(nowMs).map(({ state }) => state);

describe('the keys', () => {
  test('follow each other: published before they sign, and after, until no token needs them', async () => {
    const ring = await open(START);
    const first = ring.signer(START).kid;
    expect(statesOf(ring, START)).toEqual(['signing']);
    await ring.tend(START + 30 * DAY - 1);
    expect(ring.published().keys).toHaveLength(1);

    const rotatedMs = START + 30 * DAY;
    await ring.tend(rotatedMs);
    expect(statesOf(ring, rotatedMs)).toEqual(['next', 'signing']);
    expect(ring.signer(rotatedMs).kid).toBe(first);

    const signsMs = rotatedMs + PUBLISHED_AHEAD_MS;
    await ring.tend(signsMs);
    expect(statesOf(ring, signsMs)).toEqual(['signing', 'retired']);
    expect(ring.signer(signsMs).kid).not.toBe(first);

    // The last token of the first key ends here; then the key goes.
    await ring.tend(signsMs + LIFETIME_SECONDS * 1_000);
    expect(ring.published().keys.map(({ kid }) => kid)).toContain(first);
    await ring.tend(signsMs + PUBLISHED_AFTER_MS);
    expect(ring.published().keys.map(({ kid }) => kid)).toEqual([ring.signer(signsMs).kid]);
    expect(await readdir(join(dir, 'keys'))).toHaveLength(1);
  });

  test('verify every token until it ends, through a year of minutes that matter', async () => {
    const ring = await open(START);
    for (let nowMs = START; nowMs < START + 365 * DAY; nowMs += DAY / 2) {
      for (const at of [nowMs, nowMs + PUBLISHED_AHEAD_MS - 1, nowMs + PUBLISHED_AHEAD_MS]) {
        await ring.tend(at);
        const { kid } = ring.signer(at);
        await ring.tend(at + LIFETIME_SECONDS * 1_000);
        expect(ring.published().keys.map((key) => key.kid)).toContain(kid);
      }
    }
    expect(ring.published().keys.length).toBeLessThanOrEqual(2);
  });

  test('are the same for replicas, whichever makes the next', async () => {
    const rings = await Promise.all([open(START), open(START), open(START)]);
    const nowMs = START + 31 * DAY;
    await Promise.all(rings.map((ring) => ring.tend(nowMs)));
    await Promise.all(rings.map((ring) => ring.tend(nowMs + MINUTE)));
    const published = rings.map((ring) => JSON.stringify(ring.published()));
    expect(new Set(published).size).toBe(1);
    expect(rings[0]!.published().keys).toHaveLength(2);
  });

  test('are followed before their time when an admin asks, once', async () => {
    const ring = await open(START);
    const next = await ring.rotate(START + DAY);
    expect((await ring.rotate(START + DAY + 1)).kid).toBe(next.kid);
    expect(statesOf(ring, START + DAY + 1)).toEqual(['next', 'signing']);
    expect(ring.signer(START + DAY + PUBLISHED_AHEAD_MS).kid).toBe(next.kid);
  });

  test('of an earlier version go on', async () => {
    const text = await generateSigningKey();
    await writeFile(join(dir, 'signing-key.json'), text, { mode: 0o600 });
    const ring = await open(START);
    const { x } = JSON.parse(text) as { x: string };
    expect(ring.signer(START).publicJwk.x).toBe(x);
    expect(statesOf(ring, START)).toEqual(['next', 'signing']);
  });

  test.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['others may read', (path) => chmod(path, 0o640), /chmod 600/],
    ['is damaged', (path) => writeFile(path, '{"kty":"oct","k":"c2VjcmV0"}'), /no Ed25519 key pair/],
    ['is empty', (path) => writeFile(path, ''), /cannot be used/],
  ])('stop the start when one %s', async (_, damage, problem) => {
    await mkdir(join(dir, 'keys'));
    const path = join(dir, 'keys', '5.json');
    await writeFile(path, await generateSigningKey(), { mode: 0o600 });
    await damage(path);
    await expect(open(START)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(problem),
    });
  });
});
