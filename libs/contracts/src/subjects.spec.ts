import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertId, isDigest, isId, ulid } from './ids.js';
import { PHASES } from './phases.js';
import { deadSubject, logSubject, parseSubject, phaseFilter, progressSubject, runFilter } from './subjects.js';

const id = fc.stringMatching(/^[a-z0-9]{1,40}$/);

/** Whether a NATS subject matches a filter with wildcards (NATS documentation, "Subject-Based Messaging"). */
function matches(filter: string, subject: string): boolean {
  const [f, s] = [filter.split('.'), subject.split('.')];
  const tail = f.indexOf('>');
  if (tail === -1 ? f.length !== s.length : s.length < f.length) return false;
  return f.every((token, i) => token === '*' || token === '>' || token === s[i]);
}

describe('subjects', () => {
  test('go round for all ids, and each is matched by the filters of its run and of its next phase only', () => {
    fc.assert(
      fc.property(id, id, id, id, id, id, (tenant, run, phase, event, next, other) => {
        const address = { tenant, run, phase, event, next };
        const subject = logSubject(address);
        expect(parseSubject(subject)).toEqual(address);
        expect(parseSubject(progressSubject(address))).toEqual({ ...address, next: 'none' });
        expect(matches(runFilter(tenant, run), subject)).toBe(true);
        expect(matches(phaseFilter(next), subject)).toBe(true);
        expect(matches(phaseFilter(other), subject)).toBe(other === next);
        expect(matches(runFilter(tenant, other), subject)).toBe(other === run);
      }),
    );
  });

  test('take no token that could say more than one thing', () => {
    for (const bad of ['', 'a.b', '*', '>', 'a b', 'A', 'ä', '$JS', '../x', 'a\n', 'x'.repeat(41), 'a\u0000']) {
      expect(isId(bad)).toBe(false);
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
      expect(() => logSubject({ tenant: bad, run: 'r', phase: 'p', event: 'e', next: 'n' })).toThrow(refused);
      expect(() => runFilter('t', bad)).toThrow(refused);
      expect(() => phaseFilter(bad)).toThrow(refused);
      expect(() => deadSubject('t', 'r', bad)).toThrow(refused);
      expect(() => assertId(bad, 'run')).toThrow(/run must be 1 to 40/);
    }
  });

  test.each([
    'forge.events.t.r.p.e',
    'forge.events.t.r.p.e.n.x',
    'forge.progress.t.r.p.e.n',
    'forge.events.t.r.*.e.n',
    'x',
    '',
  ])('"%s" is none of ours', (subject) =>
    expect(() => parseSubject(subject)).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' })),
  );

  test('can name every phase of the table', () => {
    for (const { name } of PHASES) expect(isId(name)).toBe(true);
  });
});

describe('ids', () => {
  test('are digests only in 64 small hexadecimal digits', () => {
    expect(isDigest('0f'.repeat(32))).toBe(true);
    for (const bad of ['', '0F'.repeat(32), '0f'.repeat(31), '0g'.repeat(32), `${'0f'.repeat(32)}\n`, 5, null])
      expect(isDigest(bad)).toBe(false);
  });

  test('made later sort later', () => {
    // The example of the ULID specification: 01ARYZ6S41... stands for 1469918176385 ms.
    expect(ulid(1469918176385, new Uint8Array(10))).toBe('01aryz6s410000000000000000');
    fc.assert(
      fc.property(
        fc.nat(2 ** 47),
        fc.nat(2 ** 20),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        (time, later, random) => {
          const text = ulid(time, random);
          expect(isId(text) && text.length === 26).toBe(true);
          if (later > 0) expect(ulid(time + later, new Uint8Array(10)) > text).toBe(true);
        },
      ),
    );
  });
});
