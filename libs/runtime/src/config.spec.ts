import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config.js';

const least = { NATS_URL: 'nats://127.0.0.1:4222', FORGE_DATA_DIR: 'data' };

describe('the environment of a service', () => {
  test('needs two settings; the rest has defaults', () => {
    expect(readConfig(least)).toEqual({
      nats: { servers: 'nats://127.0.0.1:4222' },
      natsReplicas: 1,
      streams: 'ensure',
      dataDir: resolve('data'),
      artifacts: 'fs',
      host: '127.0.0.1',
      port: 0,
      threads: expect.any(Number),
      logLevel: 'info',
      logFile: undefined,
      codeVersion: 'development',
    });
  });

  test('carries the login, and takes empty settings for missing ones', () => {
    const env = {
      ...least,
      NATS_USER: 'u',
      NATS_PASSWORD: 'p',
      NATS_TOKEN: '',
      FORGE_PORT: '8083',
      FORGE_THREADS: '2',
      FORGE_HOST: ' ',
    };
    expect(readConfig(env)).toMatchObject({
      nats: { servers: least.NATS_URL, user: 'u', pass: 'p' },
      port: 8083,
      threads: 2,
      host: '127.0.0.1',
    });
    expect(readConfig(env).nats).not.toHaveProperty('token');
  });

  test.each<[Record<string, string>, RegExp]>([
    [{}, /(?=.*NATS_URL is missing)(?=.*FORGE_DATA_DIR is missing)/],
    [{ ...least, FORGE_PORT: '70000' }, /FORGE_PORT=70000 is not a whole number from 0 to 65535/],
    [{ ...least, FORGE_THREADS: '1.5' }, /FORGE_THREADS=1\.5/],
    [{ ...least, FORGE_NATS_REPLICAS: '0' }, /FORGE_NATS_REPLICAS=0/],
    [{ ...least, FORGE_ARTIFACTS: 's4' }, /FORGE_ARTIFACTS=s4 is none of fs, nats/],
    [{ ...least, FORGE_LOG_LEVEL: 'loud' }, /FORGE_LOG_LEVEL=loud is none of trace, debug/],
  ])('is refused with every mistake named: %j', (env, message) => {
    expect(() => readConfig(env)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});
