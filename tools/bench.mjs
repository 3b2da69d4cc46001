// `npm run bench -- NAME [--peers] [--json] [--OPTION VALUE]`: runs tools/bench/NAME.mjs; without a name it lists them all.
// A benchmark exports `title`, `needs` (the projects to build) and `run({ peers, log, options })`, which gives its result.
// The last line of stdout is the result as one JSON object; with --json it is the only one.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureInstalled, ROOT } from './bootstrap.mjs';
import { machine, warnIfBusy } from './bench/lib.mjs';

const FOLDER = new URL('./bench/', import.meta.url);
/** Every benchmark is a file of this folder; what they share is in lib.mjs. */
const names = readdirSync(FOLDER)
  .filter((f) => f.endsWith('.mjs') && f !== 'lib.mjs')
  .map((f) => f.slice(0, -'.mjs'.length))
  .sort();

function fail(message) {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

/** The name, the two flags, and every other `--key value` as an option of the benchmark, numbers as numbers. */
function readCommandLine() {
  const flags = { peers: { type: 'boolean' }, json: { type: 'boolean' } };
  const { values, positionals, tokens } = parseArgs({
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const taken = new Set();
  const options = {};
  for (const token of tokens.filter((t) => t.kind === 'option' && !(t.name in flags))) {
    const next =
      token.value === undefined
        ? tokens.find((t) => t.index === token.index + 1 && t.kind === 'positional')
        : undefined;
    const value = token.value ?? next?.value;
    if (value === undefined) fail(`--${token.name} needs a value`);
    if (next) taken.add(next.index);
    options[token.name] = value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  const given = tokens.filter((t) => t.kind === 'positional' && !taken.has(t.index)).map((t) => t.value);
  if (given.length > 1) fail(`one benchmark at a time, not ${given.join(', ')}`);
  return {
    name: given[0] ?? (taken.size ? fail('no benchmark named') : positionals[0]),
    peers: values.peers ?? false,
    json: values.json ?? false,
    options,
  };
}

async function list() {
  process.stdout.write('npm run bench -- NAME [--peers] [--json]\n\n');
  for (const name of names) {
    const { title } = await import(new URL(`${name}.mjs`, FOLDER));
    process.stdout.write(`  ${name.padEnd(12)} ${title}\n`);
  }
}

async function main() {
  const { name, peers, json, options } = readCommandLine();
  if (name === undefined) return list();
  if (!names.includes(name)) fail(`no benchmark named ${name}; there are ${names.join(', ')}`);
  ensureInstalled();
  const benchmark = await import(new URL(`${name}.mjs`, FOLDER));
  ensureBuilt(benchmark.needs);
  const log = (line = '') => (json ? process.stderr : process.stdout).write(`${line}\n`);
  const host = await machine();
  log(`${benchmark.title}\n${host.cpu}, ${host.cores} cores, Node ${host.node}, onnxruntime ${host.onnxruntime}\n`);
  warnIfBusy(log);
  const result = await benchmark.run({ peers, log, options });
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim();
  process.stdout.write(
    `${JSON.stringify({ benchmark: name, date: new Date().toISOString(), commit, machine: host, ...result })}\n`,
  );
}

try {
  await main();
} catch (error) {
  // An error of ours or of a peer says what to do in one line; anything else is a bug and shows where.
  fail(error.code || error.name === 'PeerError' ? error.message : (error.stack ?? String(error)));
}
