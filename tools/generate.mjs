// `node tools/generate.mjs [--check] [--baseline]`: TypeScript out of proto/, written into the libraries that use it, and docs/reference.
// --baseline makes today's contracts the ones that later changes are compared with.
// With --check nothing is written; it exits 1 and names the files that are stale. Needs no network.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { bootstrap, ROOT } from './bootstrap.mjs';

/** Which folder of proto/ goes where. */
const TARGETS = [
  { proto: 'agentforge', out: 'libs/contracts/src/generated' },
  { proto: 'onnx', out: 'libs/tensor/src/generated' },
];

/** Runs buf on proto/ with the plugin of node_modules; its complaints go to stderr. */
function buf(...args) {
  const bin = join(ROOT, 'node_modules', '.bin');
  const env = { ...process.env, PATH: bin + delimiter + process.env.PATH };
  const result = spawnSync(join(bin, 'buf'), args, { cwd: join(ROOT, 'proto'), env, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) process.exit(result.status || 1);
}

/** Writes a file unless it says this already; with --check it only names it. */
function put(path, text) {
  const target = join(ROOT, path);
  if (existsSync(target) && readFileSync(target, 'utf8') === text) return;
  process.stdout.write(`${check ? 'stale' : 'written'}: ${path}\n`);
  if (check) process.exitCode = 1;
  else {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

const check = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'agent-forge-generate-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
buf('lint');
buf('generate', '-o', scratch);
for (const { proto, out } of TARGETS) {
  const from = join(scratch, proto);
  for (const file of readdirSync(from, { recursive: true }).filter((name) => name.endsWith('.ts')))
    put(join(out, file), readFileSync(join(from, file), 'utf8'));
}
bootstrap();
const { errorsPage } = await import('../test/dist/errors-page.js');
put('docs/reference/errors.md', errorsPage());
const { eventsPage } = await import('../test/dist/events/events-page.js');
put('docs/reference/events.md', eventsPage());
const { asyncApi } = await import('../test/dist/events/asyncapi.js');
put('docs/reference/asyncapi.yaml', asyncApi());
if (process.argv.includes('--baseline')) buf('build', '--path', 'agentforge', '-o', 'baseline.binpb');
