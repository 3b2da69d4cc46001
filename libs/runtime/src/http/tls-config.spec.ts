import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EnvReader } from '../env.js';
import { readHttpTls, readServiceUrl } from './tls-config.js';

const FIXTURES = join(import.meta.dirname, '../../../adapters/nats/fixtures/tls');
const PAIR = { FORGE_TLS_CERT_FILE: join(FIXTURES, 'server.pem'), FORGE_TLS_KEY_FILE: join(FIXTURES, 'server.key') };

function read<T>(env: Record<string, string>, what: (reader: EnvReader) => T): T {
  const reader = new EnvReader(env);
  const config = what(reader);
  reader.check();
  return config;
}
const urlOf = (reader: EnvReader) => readServiceUrl(reader, 'FORGE_AUTH_URL', 'the auth service');

test.each<[string, Record<string, string>, boolean]>([
  ['this machine', {}, false],
  ['this machine by name', { FORGE_HOST: 'localhost' }, false],
  ['this machine, with a certificate', PAIR, true],
  ['the network, with a certificate', { FORGE_HOST: '0.0.0.0', ...PAIR }, true],
  ['the network behind an ingress', { FORGE_HOST: '0.0.0.0', FORGE_PLAINTEXT: 'yes' }, false],
])('a service listens on %s', (_, env, hasTls) => {
  const tls = read(env, readHttpTls);
  expect(tls !== undefined).toBe(hasTls);
  if (tls) expect(tls.cert.toString()).toContain('BEGIN CERTIFICATE');
});

test.each<[string, Record<string, string>, RegExp]>([
  ['the network in the clear', { FORGE_HOST: '0.0.0.0' }, /FORGE_HOST=0\.0\.0\.0 is open .* give FORGE_TLS_CERT_FILE/],
  ['the network in IPv6 in the clear', { FORGE_HOST: '::' }, /FORGE_HOST=:: is open/],
  ['a certificate without a key', { FORGE_TLS_CERT_FILE: PAIR.FORGE_TLS_CERT_FILE }, /belong together/],
  ['a file that is not there', { ...PAIR, FORGE_TLS_KEY_FILE: '/no/key' }, /\/no\/key cannot be read: ENOENT/],
])('a service does not listen with %s', (_, env, message) => {
  expect(() => read(env, readHttpTls)).toThrow(message);
});

test.each<[string, Record<string, string>]>([
  ['http on this machine', { FORGE_AUTH_URL: 'http://127.0.0.1:8084' }],
  ['http on this machine in IPv6', { FORGE_AUTH_URL: 'http://[::1]:8084' }],
  ['https elsewhere', { FORGE_AUTH_URL: 'https://auth.example' }],
  ['http where a mesh encrypts', { FORGE_AUTH_URL: 'http://auth:8080', FORGE_PLAINTEXT: 'yes' }],
])('another service is asked by %s', (_, env) => expect(read(env, urlOf)).toBe(env['FORGE_AUTH_URL']));

test.each<[string, Record<string, string>, RegExp]>([
  [
    'http elsewhere',
    { FORGE_AUTH_URL: 'http://auth:8080' },
    /leads to auth, off this machine and in the clear: use https/,
  ],
  [
    'http to what looks like this machine',
    { FORGE_AUTH_URL: 'http://127.0.0.1.example' },
    /leads to 127\.0\.0\.1\.example/,
  ],
  ['http to a login that looks like it', { FORGE_AUTH_URL: 'http://localhost@evil.example' }, /leads to evil\.example/],
  ['another protocol', { FORGE_AUTH_URL: 'file:///etc/passwd' }, /is no http or https URL/],
  ['no URL', { FORGE_AUTH_URL: 'auth' }, /is no http or https URL/],
  ['nothing', {}, /FORGE_AUTH_URL is missing \(the auth service\)/],
])('another service is not asked by %s', (_, env, message) => {
  expect(() => read(env, urlOf)).toThrow(message);
});
