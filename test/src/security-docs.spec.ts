import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..', '..');
const DIR = join(ROOT, 'docs', 'security');
const STATES = ['met', 'partly', 'gap', 'not applicable'] as const;
/** Levels 1 and 2 of the chapters that are asked for, counted in ASVS 5.0.0. */
const REQUIREMENTS = { 2: 11, 4: 10, 5: 9, 8: 7, 9: 7, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16 };

let texts: Record<string, string>;
beforeAll(async () => {
  const names = await readdir(DIR);
  texts = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(DIR, name), 'utf8')])),
  );
});

function requirements(): { id: string; test: string; state: string }[] {
  const rows = texts['asvs-5.md']!.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([, id = '', , , , test = '', state = '']) =>
    /^\d+\.\d+\.\d+$/.test(id) ? [{ id, test, state }] : [],
  );
}

describe('the security documents', () => {
  test('name files that there are', () => {
    const named = Object.values(texts).flatMap((text) =>
      [...text.matchAll(/`((?:apps|libs|test)\/[^` ]+\.ts)`/g)].map(([, path]) => path!),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('have every requirement once, with a state, and a test where it is met', () => {
    const rows = requirements();
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    const counts: Record<string, number> = {};
    for (const { id } of rows) counts[id.split('.')[0]!] = (counts[id.split('.')[0]!] ?? 0) + 1;
    expect(counts).toEqual(REQUIREMENTS);
    for (const { id, state } of rows) {
      expect([id, STATES.some((known) => state === known || state.startsWith(`${known}: `))]).toEqual([id, true]);
      // What is not met says what is missing, or why it does not matter.
      if (state !== 'met') expect([id, state.includes(': ')]).toEqual([id, true]);
    }
  });

  test('count themselves truly', () => {
    const rows = requirements();
    const of = (wanted: string) => rows.filter(({ state }) => state.split(':')[0] === wanted).length;
    expect(texts['README.md']).toContain(
      `${rows.length} requirements, ${of('met')} met, ${of('partly')} partly, ${of('gap')} missing, ${of('not applicable')} not applicable`,
    );
  });
});
