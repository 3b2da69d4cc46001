import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { PasswordHasher } from './password-hasher.js';
import { assertGoodPassword } from './password-rules.js';
import { digestOf, isSecretOf, makeSecret } from './secret-digest.js';
import { ServiceSecret } from './service-secret.js';

describe('passwords', () => {
  test('are kept as argon2id with the cost that RFC 9106 names, each with a salt of its own', async () => {
    const hasher = new PasswordHasher();
    const [a, b] = await Promise.all([hasher.hash('four quiet herons'), hasher.hash('four quiet herons')]);
    expect(a).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    expect(a).not.toBe(b);
    expect(await hasher.verify('four quiet herons', a)).toBe(true);
    expect(await hasher.verify('four quiet heron', a)).toBe(false);
    expect(await hasher.verify('four quiet herons', undefined)).toBe(false);
  });

  test('wait their turn, and too many at once are sent away', async () => {
    const hasher = new PasswordHasher();
    const results = await Promise.allSettled(Array.from({ length: 60 }, () => hasher.verify('x', undefined)));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(26);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'TOO_MANY_ATTEMPTS' });
    expect(await hasher.verify('x', undefined)).toBe(false);
  });

  test.each(['four quiet herons wade', 'correct horse battery', 'xK9#mQ2$vL7!', '日本語のとても長い合言葉です'])(
    '%s is good',
    (password) => expect(() => assertGoodPassword(password, 'ada')).not.toThrow(),
  );

  test.each([
    '',
    'short',
    'aaaaaaaaaaaaaaa',
    'abcabcabcabcabc',
    'password1234',
    'abcdefghijklmnop',
    '123456789012345',
    'x'.repeat(257),
  ])('%s is not', (password) => expect(() => assertGoodPassword(password, 'ada')).toThrow(/^password: /));
});

describe('secrets of clients', () => {
  test('are random, and known again by their digest alone', () => {
    const secrets = Array.from({ length: 100 }, makeSecret);
    expect(new Set(secrets).size).toBe(100);
    const [secret] = secrets as [string];
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(isSecretOf(secret, digestOf(secret))).toBe(true);
    for (const wrong of [`${secret}x`, secret.slice(1), '', secret + 'x'.repeat(300), secrets[1]!])
      expect(isSecretOf(wrong, digestOf(secret))).toBe(false);
    expect(isSecretOf(secret, 'damaged')).toBe(false);
  });
});

test('the secret of the service is kept, and authenticates texts for one purpose only', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
  const [one, again] = [await ServiceSecret.open(dir), await ServiceSecret.open(dir)];
  const authenticator = one.authenticate('a', 'text');
  expect(again.isAuthentic('a', 'text', authenticator)).toBe(true);
  expect(again.isAuthentic('b', 'text', authenticator)).toBe(false);
  expect(again.isAuthentic('a', 'Text', authenticator)).toBe(false);
  expect(again.isAuthentic('a', 'text', '')).toBe(false);
  await rm(dir, { recursive: true });
});
