import { expect, test } from '@jest/globals';
import { EnvReader } from './env.js';
import { readNatsConfig } from './nats-config.js';

function read(env: Record<string, string>) {
  const reader = new EnvReader(env);
  const config = readNatsConfig(reader);
  reader.check();
  return config;
}

test.each<[string, Record<string, string>, object]>([
  ['this machine', { NATS_URL: 'nats://127.0.0.1:4222' }, { servers: 'nats://127.0.0.1:4222' }],
  ['this machine by name, with a login', { NATS_URL: 'nats://u:p@localhost:1' }, { servers: 'nats://u:p@localhost:1' }],
  ['this machine in IPv6', { NATS_URL: 'nats://[::1]:4222' }, { servers: 'nats://[::1]:4222' }],
  ['another by TLS', { NATS_URL: 'tls://nats.example:4222' }, { servers: 'tls://nats.example:4222' }],
  [
    'another with an authority',
    { NATS_URL: 'nats://nats.example', NATS_CA_FILE: '/ca.pem', NATS_CERT_FILE: '/c', NATS_KEY_FILE: '/k' },
    { servers: 'nats://nats.example', tls: { caFile: '/ca.pem', certFile: '/c', keyFile: '/k' } },
  ],
  ['another where a mesh encrypts', { NATS_URL: 'nats:4222', NATS_PLAINTEXT: 'yes' }, { servers: 'nats:4222' }],
])('a broker on %s is reached', (_, env, config) => expect(read(env)).toEqual(config));

test.each<[string, Record<string, string>, RegExp]>([
  ['another machine', { NATS_URL: 'nats://nats:4222' }, /leads to nats, off this machine and in the clear: use tls:/],
  ['one of several', { NATS_URL: 'nats://127.0.0.1, nats://10.0.0.7:4222' }, /leads to 10\.0\.0\.7,/],
  [
    'one that only looks like this machine',
    { NATS_URL: 'nats://127.0.0.1.example:1' },
    /leads to 127\.0\.0\.1\.example,/,
  ],
  ['a login that looks like this machine', { NATS_URL: 'nats://127.0.0.1@evil.example' }, /leads to evil\.example,/],
  ['a network of IPv6', { NATS_URL: 'nats://[2001:db8::1]:4222' }, /leads to 2001:db8::1,/],
  ['every address', { NATS_URL: 'nats://0.0.0.0' }, /leads to 0\.0\.0\.0,/],
  ['half a certificate', { NATS_URL: 'tls://x', NATS_CERT_FILE: '/c' }, /belong together/],
  ['another word for yes', { NATS_URL: 'nats://x', NATS_PLAINTEXT: '1' }, /NATS_PLAINTEXT=1 is none of no, yes/],
])('a broker on %s is not reached in the clear', (_, env, message) => {
  expect(() => read(env)).toThrow(message);
});
