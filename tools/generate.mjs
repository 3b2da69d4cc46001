// `node tools/generate.mjs [--check]`: TypeScript out of proto/, written into the libraries that use it.
// With --check nothing is written; it exits 1 and names the files that are stale. Needs no network.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './bootstrap.mjs';

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

const check = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'agent-forge-generate-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
buf('lint');
buf('generate', '-o', scratch);
for (const { proto, out } of TARGETS) {
  const from = join(scratch, proto);
  const to = join(ROOT, out);
  for (const file of readdirSync(from, { recursive: true }).filter((name) => name.endsWith('.ts'))) {
    const target = join(to, file);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(join(from, file)))) continue;
    process.stdout.write(`${check ? 'stale' : 'written'}: ${join(out, file)}\n`);
    if (check) process.exitCode = 1;
    else cpSync(join(from, file), target, { recursive: true });
  }
}
