import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import * as sdk from './index.js';
import { requestsOfVerbs } from './testing/routes-of-verbs.js';
import { VERB_CALLS } from './testing/verb-calls.js';

/** What is exported besides verbs: ways to have tokens. */
const OTHERS = ['apiKey', 'clientCredentials', 'isEnding', 'sessionOf', 'sessionTokens'];

test('every function of the sdk is a verb whose request is known, or a source of tokens', async () => {
  const functions = Object.entries(sdk).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(functions.sort()).toEqual([...Object.keys(VERB_CALLS), ...OTHERS].sort());
  const asking = new Set((await requestsOfVerbs()).map(({ verb }) => verb));
  expect([...asking].sort()).toEqual(Object.keys(VERB_CALLS).sort());
});

test('every verb has a file of its own name, and every such file is one verb', async () => {
  const dir = fileURLToPath(new URL('./verbs', import.meta.url));
  const files = (await readdir(dir)).filter((name) => name.endsWith('.js') && !name.includes('.spec.'));
  for (const file of files.filter((name) => name !== 'upload-files.js')) {
    const verb = file.replace('.js', '').replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const module = (await import(`./verbs/${file}`)) as Record<string, unknown>;
    expect(Object.keys(module)).toEqual([verb]);
    expect(sdk).toHaveProperty(verb);
  }
  expect(files.length).toBeGreaterThan(50);
});
