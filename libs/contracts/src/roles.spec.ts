import { describe, expect, test } from '@jest/globals';
import { isRole, isScope, reaches, ROLES, SCOPE_NAMES, scopesOfRole, strongestRole } from './roles.js';

describe('roles', () => {
  test('each may do all that the one before it may, and more', () => {
    for (const [i, role] of ROLES.entries()) {
      const scopes = scopesOfRole(role);
      for (const weaker of ROLES.slice(0, i)) {
        expect(scopes).toEqual(expect.arrayContaining(scopesOfRole(weaker)));
        expect(scopes.length).toBeGreaterThan(scopesOfRole(weaker).length);
        expect([reaches(role, weaker), reaches(weaker, role)]).toEqual([true, false]);
      }
    }
    expect(scopesOfRole('admin')).toEqual(SCOPE_NAMES);
  });

  test('a viewer changes nothing but its own account', () => {
    expect(scopesOfRole('viewer').filter((scope) => !scope.endsWith(':read'))).toEqual(['account']);
  });

  test.each([['__proto__'], ['constructor'], ['Admin'], [''], [undefined], [{}], [['admin']]])(
    '%p is neither a role nor a scope',
    (value) => expect([isRole(value), isScope(value)]).toEqual([false, false]),
  );

  test('of several the strongest counts, and strange ones do not', () => {
    expect(strongestRole(['viewer', 'operator', 'builder', 'root'])).toBe('operator');
    expect(strongestRole(['root', 1])).toBeUndefined();
  });
});
