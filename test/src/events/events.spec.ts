import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import { EVENTS } from '@agent-forge/contracts';
import { ROOT } from '../projects.js';
import { asyncApi } from './asyncapi.js';
import { eventsPage } from './events-page.js';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('what others read of the events', () => {
  test('docs/reference/events.md is what the contracts say (node tools/generate.mjs writes it)', () => {
    expect(read('docs/reference/events.md')).toBe(eventsPage());
  });

  test('docs/reference/asyncapi.yaml is what the contracts say (node tools/generate.mjs writes it)', () => {
    expect(read('docs/reference/asyncapi.yaml')).toBe(asyncApi());
  });

  test('is a valid AsyncAPI document that has every event, with examples that fit their schemas', async () => {
    const { document, diagnostics } = await new Parser().parse(asyncApi());
    expect(
      diagnostics.filter(({ severity }) => severity === 0).map(({ message, path }) => `${path.join('.')}: ${message}`),
    ).toEqual([]);
    const names = document!
      .allMessages()
      .all()
      .map((message) => message.name());
    expect(names.sort()).toEqual(Object.keys(EVENTS).sort());
  });
});

test('no event has changed in a way that old readers or old logs cannot bear (proto/README.md)', () => {
  const bin = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: bin + delimiter + process.env['PATH'] };
  const options = { cwd: join(ROOT, 'proto'), env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(join(bin, 'buf'), ['breaking', '--against', 'baseline.binpb'], options);
  expect([status, stdout + stderr]).toEqual([0, '']);
});
