import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { errorsPage } from './errors-page.js';
import { ROOT } from './projects.js';

test('docs/reference/errors.md is what the catalog says (node tools/generate.mjs writes it)', () => {
  expect(readFileSync(join(ROOT, 'docs/reference/errors.md'), 'utf8')).toBe(errorsPage());
});
