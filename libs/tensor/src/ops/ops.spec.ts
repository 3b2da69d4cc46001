import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as tensor from '../index.js';

const folder = new URL('./', import.meta.url);
const ops = readdirSync(folder).filter((f) => f.endsWith('.js') && !f.endsWith('.spec.js'));

describe('every file of ops/', () => {
  test('is seen by this test', () => {
    expect(ops.length).toBeGreaterThanOrEqual(39);
  });

  test.each(ops)('%s has a spec beside it', (file) => {
    expect(existsSync(new URL(file.replace(/\.js$/, '.spec.js'), folder))).toBe(true);
  });

  test.each(ops)('what %s exports, the package exports', async (file) => {
    const own = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    expect(Object.keys(own).length).toBeGreaterThan(0);
    for (const [name, value] of Object.entries(own)) expect((tensor as Record<string, unknown>)[name]).toBe(value);
  });
});
