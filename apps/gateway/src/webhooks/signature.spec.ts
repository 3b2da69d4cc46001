import { expect, test } from '@jest/globals';
import { guideExample } from '../testing/guide-example.js';
import { makeSecret, signedHeaders } from './signature.js';

const body = Buffer.from('{"größe":"犬"}');

test('signs the example of Standard Webhooks as it says', () => {
  // The values of the libraries' own test.
  const headers = signedHeaders(
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    new Date(1_614_265_330_000),
    Buffer.from('{"test": 2432232314}'),
  );
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test("the guide's example takes what we sign, and nothing else", async () => {
  const isGenuine = await guideExample();
  const secret = makeSecret();
  const now = new Date();
  const headers = signedHeaders(secret, 'm1', now, body);
  expect(isGenuine(secret, headers, body)).toBe(true);
  expect(isGenuine(secret, { ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }, body)).toBe(
    true,
  );
  const other = signedHeaders(makeSecret(), 'm1', now, body);
  for (const wrong of [
    {},
    other,
    { ...headers, 'webhook-id': 'm2' },
    { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) },
    { ...headers, 'webhook-signature': headers['webhook-signature']!.replace('v1,', 'v2,') },
    { ...headers, 'webhook-signature': 'v1,' },
  ])
    expect(isGenuine(secret, wrong, body)).toBe(false);
  expect(isGenuine(secret, headers, Buffer.from('{}'))).toBe(false);
});

test('a delivery that was recorded is refused after five minutes', async () => {
  const isGenuine = await guideExample();
  const secret = makeSecret();
  const at = (secondsAgo: number) => signedHeaders(secret, 'm1', new Date(Date.now() - secondsAgo * 1000), body);
  expect([290, -290].map((age) => isGenuine(secret, at(age), body))).toEqual([true, true]);
  expect([310, -310, 86_400].map((age) => isGenuine(secret, at(age), body))).toEqual([false, false, false]);
});
