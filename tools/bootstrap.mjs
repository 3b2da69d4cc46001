// Installs and builds on first use, with Node.js alone, so that every command works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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

/** Folders of the projects: those with a tsconfig.json, not below one another. */
function projectsBelow(dir) {
  if (writtenMs(dir, 'tsconfig.json')) return [dir];
  const folders = readdirSync(join(ROOT, dir), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => projectsBelow(join(dir, name)));
}

/** When something in a folder last changed; that something was removed shows in the folder's own time. */
function changedMs(dir) {
  const times = readdirSync(join(ROOT, dir), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? changedMs(join(dir, entry.name)) : writtenMs(dir, entry.name),
  );
  return Math.max(writtenMs(dir), ...times);
}

/** When the last whole build began. */
const STAMP = join('.cache', 'built');

/** Whether nothing that goes into the build is younger than the last one: some 20 ms, where the compiler needs a second to find out. */
function isBuilt() {
  const projects = ['apps', 'libs', 'test'].flatMap(projectsBelow);
  if (projects.some((dir) => !writtenMs(dir, 'dist', '.tsbuildinfo'))) return false;
  const files = [['tsconfig.json'], ['tsconfig.base.json'], ['node_modules', '.package-lock.json']];
  for (const dir of projects) files.push([dir, 'tsconfig.json'], [dir, 'package.json']);
  const builtMs = writtenMs(STAMP);
  return (
    files.every((file) => writtenMs(...file) < builtMs) && projects.every((p) => changedMs(join(p, 'src')) < builtMs)
  );
}

/** Installs and compiles, where something is new since the last time. */
export function bootstrap() {
  ensureInstalled();
  if (isBuilt()) return;
  const startedAt = new Date();
  ensureBuilt();
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  writeFileSync(join(ROOT, STAMP), '');
  utimesSync(join(ROOT, STAMP), startedAt, startedAt);
}
