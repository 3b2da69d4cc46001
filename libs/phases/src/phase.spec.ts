import { describe, expect, test } from '@jest/globals';
import { isPhaseName, PHASES } from '@agent-forge/contracts';
import { cognate, phases } from './registry.js';
import { paramMistakes } from './param-mistakes.js';
import { resolveParams } from './phase.js';

describe('the phases that exist', () => {
  test('are of the table, in its order', () => {
    const names: string[] = phases.map(({ name }) => name);
    expect(names.every(isPhaseName)).toBe(true);
    expect(names).toEqual(PHASES.map(({ name }) => name as string).filter((name) => names.includes(name)));
  });

  test('say of every parameter what it means, and have a default for every one that is needed', () => {
    for (const phase of phases) {
      for (const [name, schema] of Object.entries(phase.params.properties)) {
        expect([name, typeof schema.description]).toEqual([name, 'string']);
      }
      expect(() => resolveParams(phase, undefined)).not.toThrow();
    }
  });

  test('can be loaded in a worker by the module they name', async () => {
    for (const phase of phases) expect(((await import(phase.module)) as { phase: unknown }).phase).toBe(phase);
  });

  test('take only artifacts that a phase before them makes', () => {
    phases.forEach(({ consumes }, i) => {
      if (consumes.kind === undefined || consumes.atLeast === 0) return;
      expect(phases[i - 1]!.produces.some(({ kind }) => kind === consumes.kind)).toBe(true);
    });
  });
});

test('every mistake in parameters is found, not only the first', () => {
  const mistakes = paramMistakes(cognate, { rows: 0, step: 9, optimizer: 1, hiddenSize: 4.5 });
  expect(mistakes.map(({ path }) => path.join('.')).sort()).toEqual(['hiddenSize', 'optimizer', 'rows', 'step']);
});

describe('parameters', () => {
  test('take their defaults and keep what is given', () => {
    expect(resolveParams(cognate, { steps: 9 })).toMatchObject({ steps: 9, rows: 12, optimizer: 'muon' });
  });

  test('given by one run do not change the defaults of the next', () => {
    resolveParams(cognate, { rows: 5 });
    expect(resolveParams(cognate, {})).toMatchObject({ rows: 12 });
  });

  test.each<[string, unknown, RegExp]>([
    ['a misspelt one', { step: 9 }, /parameter step of cognate is unknown; did you mean steps\?/],
    ['an unknown one', { colour: 9 }, /parameter colour of cognate is unknown; cognate has seeds, ownShare/],
    ['one of another type', { steps: '9' }, /parameter steps of cognate is "9"; it must be a whole number from 3 to /],
    ['one out of range', { rows: 0 }, /parameter rows of cognate is 0; it must be a whole number from 1 to 4096$/],
    ['no multiple', { hiddenSize: 20 }, /is 20; it must be a whole number from 16 to 8192, a multiple of 8$/],
    ['zero', { maxSeconds: 0 }, /maxSeconds of cognate is 0; it must be a number above 0 and up to 604800$/],
    ['one that is no choice', { optimizer: 'sgd' }, /optimizer of cognate is "sgd"; it must be muon or adamw$/],
    ['no flag', { generalist: 'yes' }, /generalist of cognate is "yes"; it must be true or false$/],
    ['a list', [1], /parameter params of cognate is a list of 1; it must be a map$/],
    ['NaN', { trunkShare: Number.NaN }, /parameter trunkShare of cognate is NaN; it must be a number from 0 to 0.95$/],
    ['__proto__', JSON.parse('{"__proto__": {"seeds": 3}}'), /parameter __proto__ of cognate is unknown/],
  ])('are refused by name: %s', (_, given, message) => {
    expect(() => resolveParams(cognate, given)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});
