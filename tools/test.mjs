// `npm test [-- PATH or jest options]`: installs, builds, runs jest, and ends with the line "N passed, N failed".
// `npm run test:proofs`: the specs that train for minutes (x.proof.spec.ts), which plain `npm test` leaves out.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, ROOT } from './bootstrap.mjs';

/** Removes compiled specs whose source is gone: they would run for ever. */
function removeStaleSpecs(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') removeStaleSpecs(path);
    else if (
      entry.name.endsWith('.spec.js') &&
      !existsSync(path.replace(/([\\/])dist([\\/])/, '$1src$2').replace(/js$/, 'ts'))
    )
      rmSync(path);
  }
}

bootstrap();
for (const top of ['libs', 'apps', 'test']) removeStaleSpecs(join(ROOT, top));
const proofs = process.argv.includes('--proofs');
const passOn = process.argv.slice(2).filter((a) => a !== '--proofs');
const scratch = mkdtempSync(join(tmpdir(), 'agent-forge-test-'));
const report = join(scratch, 'report.json');
const args = [
  join(ROOT, 'node_modules/jest/bin/jest.js'),
  // First, since jest's list options would swallow a path behind them.
  ...passOn,
  '--json',
  `--outputFile=${report}`,
  ...(proofs
    ? ['--testMatch=**/dist/**/*.proof.spec.js', '--runInBand']
    : ['--testPathIgnorePatterns=/node_modules/', '--testPathIgnorePatterns=\\.proof\\.spec\\.js$']),
];
// jest's own JSON goes to the file; its human report goes to stderr, which the caller sees.
const jest = spawnSync(process.execPath, args, {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim(),
  },
});
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const r = JSON.parse(readFileSync(report, 'utf8'));
  // A file that cannot even be loaded has no failed test in it, but it is a failure.
  counts = {
    passed: r.numPassedTests,
    failed: r.numFailedTests + r.numRuntimeErrorTestSuites,
    skipped: r.numPendingTests,
  };
} catch {
  // No report means that jest itself did not come to an end: counted as one failure.
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}\n`,
);
process.exitCode = jest.status === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1;
