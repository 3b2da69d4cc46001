// `npm run peers`: makes .venv with the peers of tools/peers/requirements.txt, once.
// `npm run peers -- exports [FOLDER]`: compares llama.cpp's and transformers' logits of our exports with ours (tools/peers/exports.mjs).
// `npm run peers -- check FOLDER LOGITS.safetensors`: compares our logits with transformers' (tools/peers/transformers_logits.py).
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANY_VENDOR, PEERS, PYTHON, VENV } from './paths.mjs';

/** numpy and transformers of the requirements want at least this. */
const MIN_PYTHON = [3, 11];
const STAMP = join(VENV, 'agent-forge-stamp');
/** Built here, llama.cpp uses every instruction this processor has; a ready-made wheel would not. */
const BUILD_ENV = { CMAKE_ARGS: '-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF', CMAKE_BUILD_PARALLEL_LEVEL: '2' };

function fail(message) {
  process.stderr.write(`peers: ${message}\n`);
  process.exit(1);
}

function run(command, args, what, env = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
  if (status !== 0)
    fail(`${what} failed (${error?.message ?? `exit ${status}`}); see the lines above, then run npm run peers again.`);
}

/** The first Python that is new enough; `$PYTHON` is asked first. */
function findPython() {
  const seen = [];
  for (const name of [process.env.PYTHON, 'python3', 'python'].filter(Boolean)) {
    const { status, stdout } = spawnSync(name, ['-c', 'import sys; print(*sys.version_info[:3])'], {
      encoding: 'utf8',
    });
    if (status !== 0) continue;
    const [major, minor, patch] = stdout.trim().split(' ').map(Number);
    if (major > MIN_PYTHON[0] || (major === MIN_PYTHON[0] && minor >= MIN_PYTHON[1])) return name;
    seen.push(`${name} is ${major}.${minor}.${patch}`);
  }
  const found = seen.length ? ` (${seen.join(', ')})` : '';
  return fail(
    `no Python ${MIN_PYTHON.join('.')} or newer found${found}; install one, or name it: PYTHON=/path/to/python npm run peers`,
  );
}

/** On an AMD processor with AVX-512, the library that lets MKL use it; needs the C compiler that llama.cpp needs anyway. */
function buildAnyVendor() {
  rmSync(ANY_VENDOR, { force: true });
  const cpu = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  if (!/AuthenticAMD/.test(cpu) || !/\bavx512f\b/.test(cpu)) return;
  run(
    'cc',
    ['-shared', '-fPIC', '-O1', '-o', ANY_VENDOR, join(PEERS, 'mkl_any_vendor.c')],
    'compiling mkl_any_vendor.c',
  );
}

function install() {
  const requirements = join(PEERS, 'requirements.txt');
  const sources = ['requirements.txt', 'mkl_any_vendor.c', 'setup.mjs'].map((f) => readFileSync(join(PEERS, f)));
  const stamp = createHash('sha256').update(Buffer.concat(sources)).digest('hex');
  if (existsSync(PYTHON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
  const python = findPython();
  process.stderr.write(
    'Installing the Python peers into .venv (about 3 GB to fetch, 6 GB on disk, and five minutes to build llama.cpp) ...\n',
  );
  rmSync(STAMP, { force: true });
  if (!existsSync(PYTHON))
    run(python, ['-m', 'venv', VENV], 'making the virtual environment (on Debian: apt-get install python3-venv)');
  run(
    PYTHON,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    'pip install',
    BUILD_ENV,
  );
  buildAnyVendor();
  writeFileSync(STAMP, stamp);
}

function report() {
  const list = execFileSync(PYTHON, ['-m', 'pip', 'list', '--format=json', '--disable-pip-version-check'], {
    encoding: 'utf8',
  });
  const wanted = new Set(readFileSync(join(PEERS, 'requirements.txt'), 'utf8').match(/^[\w-]+(?===)/gm));
  const have = JSON.parse(list).filter((p) => wanted.has(p.name.replaceAll('_', '-')));
  process.stdout.write(`Peers ready in .venv: ${have.map((p) => `${p.name} ${p.version}`).join(', ')}\n`);
}

const [verb, ...rest] = process.argv.slice(2);
if (verb !== undefined && verb !== 'check' && verb !== 'exports')
  fail(
    `unknown word ${verb}; npm run peers, or npm run peers -- check FOLDER LOGITS.safetensors, or -- exports [FOLDER]`,
  );
if (verb === 'check' && rest.length !== 2)
  fail('check needs a model folder and a safetensors file with input_ids and logits');
install();
if (verb === 'check') {
  const { status } = spawnSync(PYTHON, [join(PEERS, 'transformers_logits.py'), ...rest], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else if (verb === 'exports') {
  const problems = await (await import('./exports.mjs')).checkExports(rest[0]);
  if (problems.length > 0) fail(`the peers do not agree:\n  ${problems.join('\n  ')}`);
  process.stdout.write('The peers compute what we do.\n');
} else report();
