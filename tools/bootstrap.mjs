// Installs and builds on first use, with Node.js alone, so that every command works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAMP = join(ROOT, 'node_modules', '.agent-forge-lock');

/** Runs a command in the repository root; its output goes to stderr, so that stdout stays free for `--json`. */
function run(command, args, what) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  process.stderr.write(
    `forge: ${what} failed (${result.error?.message ?? `exit ${result.status}`}); see the lines above.\n`,
  );
  process.exit(result.status || 1);
}

/** `npm ci` when node_modules is missing or older than package-lock.json. */
export function ensureInstalled() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  process.stderr.write('Installing dependencies (once, about a minute) ...\n');
  run('npm', ['ci', '--no-progress', '--loglevel=error'], 'npm ci');
  mkdirSync(join(ROOT, 'node_modules'), { recursive: true });
  writeFileSync(STAMP, lock);
}

/** Compiles what changed since the last build, everything or the named projects; about a second when nothing did. */
export function ensureBuilt(projects = ['.']) {
  const tsc = join(ROOT, 'node_modules/typescript-native/bin/tsc');
  run(process.execPath, [tsc, '-b', ...projects.map((p) => join(ROOT, p))], 'the build');
}

export function bootstrap() {
  ensureInstalled();
  ensureBuilt();
}
