// Installs and builds on first use, with Node.js alone, so that every command works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the repository root; its output goes to stderr, so that stdout stays free for `--json`. */
function run(command, args, what) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  process.stderr.write(
    `forge: ${what} failed (${result.error?.message ?? `exit ${result.status}`}); see the lines above.\n`,
  );
  process.exit(result.status || 1);
}

/** When a file was last written; 0 where there is none. */
function writtenMs(...path) {
  return statSync(join(ROOT, ...path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** `npm ci` when node_modules is missing or older than package-lock.json; npm writes its own lock file last, also after `npm install`. */
export function ensureInstalled() {
  if (writtenMs('node_modules', '.package-lock.json') >= writtenMs('package-lock.json')) return;
  process.stderr.write('Installing dependencies (once, about a minute) ...\n');
  run('npm', ['ci', '--no-progress', '--loglevel=error'], 'npm ci');
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
