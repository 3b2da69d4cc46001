import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('the TypeScript in src/generated is what proto/ says (else run: node tools/generate.mjs)', () => {
  const tool = fileURLToPath(new URL('../../../tools/generate.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
