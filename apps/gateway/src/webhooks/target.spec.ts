import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { isPublicAddress } from './public-address.js';
import { TargetPolicy, type Resolver } from './target.js';

/** A name server that gives these addresses. */
const naming = (...addresses: string[]): Resolver =>
  ((_host: string, _options: object, done: (error: null, all: LookupAddress[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as never;

describe('an address is public', () => {
  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '223.255.255.255', '2606:4700::1111', '2a00:1450::1'])(
    '%s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
});

describe('an address is not public', () => {
  test.each([
    ...[
      '0.0.0.0',
      '0.1.2.3',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
    ],
    ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1'],
    ...['203.0.113.9', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
    ],
    ...[
      '100::1',
      '2001::1',
      '2001:10::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '3fff::1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'fec0::1',
    ],
    ...['ff02::1', 'fe80::1%lo', 'localhost', '', '1.2.3', '2130706433'],
  ])('%s', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('a target is refused', () => {
  const policy = new TargetPolicy(['hooks.internal', '127.0.0.1:8080'], naming('8.8.8.8'));

  test.each([
    ['http://example.com/', /must be https/],
    ['file:///etc/passwd', /is no https URL/],
    ['ftp://example.com/', /is no https URL/],
    ['data:text/plain,x', /is no https URL/],
    ['gopher://127.0.0.1:4222/', /is no https URL/],
    ['example.com', /is no https URL/],
    ['', /is no https URL/],
    ['https://user:pass@example.com/', /must not carry a login/],
    ['https://example.com/#x', /must not have a fragment/],
    ['https://127.0.0.1/', /not at a public address/],
    ['https://[::1]/', /not at a public address/],
    ['https://169.254.169.254/latest/meta-data', /not at a public address/],
    ['https://2130706433/', /not at a public address/],
    ['https://0x7f000001/', /not at a public address/],
    ['https://0177.0.0.1/', /not at a public address/],
    ['https://127.1/', /not at a public address/],
    ['https://[::ffff:127.0.0.1]/', /not at a public address/],
    ['https://①②⑦.0.0.1/', /not at a public address/],
    ['http://127.0.0.1:8081/', /must be https/],
    ['https://127.0.0.1:8081/', /not at a public address/],
  ])('%s', async (url, problem) => {
    await expect(policy.check(url)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(problem),
    });
  });

  test.each([['127.0.0.1'], ['10.0.0.7'], ['8.8.8.8', '192.168.0.1'], ['::1'], ['2606:4700::1111', 'fe80::1'], []])(
    'whose name means %s %s',
    async (...addresses) => {
      await expect(new TargetPolicy([], naming(...addresses)).check('https://example.com/')).rejects.toThrow(
        /not at a public/,
      );
    },
  );

  test('unless it is public, or on the list of those that are trusted', async () => {
    await policy.check('https://example.com/hook?x=1');
    const closed = new TargetPolicy(['hooks.internal', '127.0.0.1:8080'], naming('10.0.0.1'));
    await closed.check('http://hooks.internal:9999/');
    await closed.check('http://127.0.0.1:8080/');
  });
});
