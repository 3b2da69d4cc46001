// `npm run attacks`: every kind of attack that the tests have in their tables, against real services, counted by group. (`npm test` runs them too.)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, ROOT } from './bootstrap.mjs';

/** Groups of attacks, and the beginnings of the compiled specs that try them. */
const GROUPS = {
  JWT: ['apps/gateway/dist/auth/jwt-attacks', 'libs/runtime/dist/http/outside-issuer'],
  'logins and sessions': ['apps/auth/dist/login/', 'apps/auth/dist/sessions/', 'apps/auth/dist/secrets/'],
  authorisation: ['apps/gateway/dist/auth/r', 'apps/gateway/dist/artifacts/holdings', 'apps/auth/dist/identities/'],
  'paths and ids': ['apps/gateway/dist/uploads/', 'libs/contracts/dist/subjects', 'libs/contracts/dist/artifacts'],
  'slow clients': ['libs/runtime/dist/http/slow-clients'],
  'services and network': [
    'libs/adapters/nats/dist/access/',
    'libs/adapters/nats/dist/tls',
    'libs/runtime/dist/http/tls-config',
    'libs/runtime/dist/nats-config',
    'apps/forge/dist/system/tls',
  ],
  'JSON and whole requests': [
    'apps/gateway/dist/limits/bodies',
    'apps/gateway/dist/docs/conformance',
    'apps/auth/dist/docs/conformance',
  ],
  'other origins': ['apps/gateway/dist/browser/cors', 'apps/auth/dist/http/cors'],
  webhooks: ['apps/gateway/dist/webhooks/'],
  'files in disguise': [
    'apps/gateway/dist/models/',
    'apps/gateway/dist/datasets/',
    'libs/model/dist/safetensors/hostile',
    'libs/model/dist/gguf/hostile',
  ],
  'logs and audit': ['apps/gateway/dist/audit/', 'libs/runtime/dist/audit/', 'libs/contracts/dist/audit-chain'],
};

bootstrap();
const scratch = mkdtempSync(join(tmpdir(), 'agent-forge-attacks-'));
const report = join(scratch, 'report.json');
const jest = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/jest/bin/jest.js'), ...Object.values(GROUPS).flat(), '--json', `--outputFile=${report}`],
  {
    cwd: ROOT,
    // What the tests say of their requests is for the reader.
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
  },
);
const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
rmSync(scratch, { recursive: true });
const total = { tried: 0, through: 0 };
for (const [group, places] of Object.entries(GROUPS)) {
  const files = testResults.filter(({ name }) => places.some((place) => name.startsWith(join(ROOT, place))));
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  // A file that cannot be loaded has no failed test, and yet shows nothing.
  const broken = files.filter(({ assertionResults, status }) => status === 'failed' && assertionResults.length === 0);
  const through = tests.filter(({ status }) => status === 'failed').length + broken.length;
  total.tried += tests.length;
  total.through += through;
  process.stdout.write(`${group.padEnd(24)} ${String(tests.length).padStart(5)} tests, ${through} failed\n`);
}
process.stdout.write(
  `attacks: ${total.tried} tests in ${Object.keys(GROUPS).length} groups, ${total.through} failed\n`,
);
process.exitCode = jest.status === 0 && total.through === 0 ? 0 : 1;
