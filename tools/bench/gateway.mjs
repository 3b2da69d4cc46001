// The gateway under an open loop of 80 % reads and 20 % durable submits with real tokens, then in steps until it breaks, beside a bare
// Fastify route in the same run. Broker (fsync always), auth, gateway and this generator share the machine.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from './lib.mjs';
import { Client, openLoop } from './lib/open-loop.mjs';

export const title = 'HTTP: latency at 1000/s, the rate at which it breaks, and processor time by layer';
export const needs = ['apps/gateway', 'apps/auth'];

const PER_SECOND = 1000;
const SECONDS = 60;
const STEPS = [1500, 2000, 2500, 3000, 4000, 5000, 6000];
const STEP_SECONDS = 10;
/** Of ten requests, these are submits. */
const SUBMITS = [2, 7];
const P99_GOAL_MS = 50;
/** One tenant asks for more than any tenant may: what breaks is to be the gateway. */
const UNLIMITED = Object.fromEntries(
  ['TENANT_READS_PER_S', 'TENANT_WRITES_PER_S', 'CLIENT_READS_PER_S', 'CLIENT_WRITES_PER_S', 'TENANT_OPEN_RUNS'].map(
    (name) => [`FORGE_${name}`, '0'],
  ),
);
/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

async function start(entry, env = {}) {
  const child = fork(entry, { env: { PATH: process.env.PATH, ...env }, execArgv: [] });
  const [{ url }] = await once(child, 'message');
  return { child, url };
}

/** Seconds of processor time that a process has taken so far. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function startSystem() {
  const { startTestBroker } = await import('@agent-forge/nats/testing');
  const broker = await startTestBroker();
  const { url: natsUrl, user, password } = broker.server;
  const nats = { NATS_URL: natsUrl, NATS_USER: user, NATS_PASSWORD: password };
  const env = { ...nats, FORGE_DATA_DIR: broker.dataDir, FORGE_PORT: '0', FORGE_LOG_LEVEL: 'warn', ...UNLIMITED };
  const auth = await start(fileURLToPath(import.meta.resolve('@agent-forge/auth/main')), env);
  const entry = fileURLToPath(import.meta.resolve('@agent-forge/gateway/main'));
  const gateway = await start(entry, { ...env, FORGE_AUTH_URL: auth.url });
  const credentials = JSON.parse(await readFile(join(broker.dataDir, 'auth', 'admin.json'), 'utf8'));
  const { clientCredentials } = await import('@agent-forge/sdk');
  const token = clientCredentials({ authUrl: auth.url, ...credentials });
  const stop = async () => {
    for (const { child } of [gateway, auth]) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await broker.stop();
  };
  return { gateway, token, stop };
}

/** The requests of the mix; runs that are read are among those submitted before. */
function mixOf(url, headers, runs) {
  const body = JSON.stringify({
    name: 'bench',
    families: { add: 1 },
    phases: [{ phase: 'cognate', params: { steps: 5 } }],
  });
  const submit = {
    url: `${url}/v1/runs`,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  };
  return (i) => {
    if (SUBMITS.includes(i % 10)) return submit;
    const path = i % 10 === 0 ? '/v1/runs?limit=10' : `/v1/runs/${runs[i % runs.length]}`;
    return { url: url + path, headers };
  };
}

/** Processor time of one request to one route, in microseconds, at a rate that nobody has to wait at. */
async function costOf(client, pid, request, perSecond, seconds) {
  await openLoop(client, () => request, perSecond, 2);
  const before = cpuSeconds(pid);
  const { requests } = await openLoop(client, () => request, perSecond, seconds);
  return (1e6 * (cpuSeconds(pid) - before)) / requests;
}

/** What each layer adds, from a bare route to a read of a run. */
async function layers(client, { url, child }, headers, run, seconds) {
  const bare = await start(fileURLToPath(new URL('./lib/bare-fastify.mjs', import.meta.url)));
  try {
    const bareMicros = await costOf(client, bare.child.pid, { url: `${bare.url}/runs/x` }, PER_SECOND, seconds);
    const of = (path, own) => costOf(client, child.pid, { url: url + path, headers: own }, PER_SECOND, seconds);
    const health = await of('/health', {});
    const phase = await of('/v1/runs?limit=1', headers);
    const read = await of(`/v1/runs/${run}`, headers);
    return [
      { layer: 'bare Fastify', micros: bareMicros, adds: bareMicros },
      { layer: '+ NestJS, hooks, headers (/health)', micros: health, adds: health - bareMicros },
      { layer: '+ token, checks, index (/v1/runs?limit=1)', micros: phase, adds: phase - health },
      { layer: '+ one run (/v1/runs/RUN)', micros: read, adds: read - phase },
    ];
  } finally {
    bare.child.kill();
  }
}

export async function run({ log: print, options }) {
  const { perSecond = PER_SECOND, seconds = SECONDS, stepSeconds = STEP_SECONDS } = options;
  const { gateway, token, stop } = await startSystem();
  const client = new Client();
  try {
    const headers = { authorization: `Bearer ${await token()}` };
    const { createRun } = await import('@agent-forge/sdk');
    const recipe = { name: 'bench', families: { add: 1 }, phases: [{ phase: 'cognate', params: { steps: 5 } }] };
    const runs = [];
    for (let i = 0; i < 50; i++) runs.push((await createRun({ url: gateway.url, token }, recipe)).id);
    const mix = mixOf(gateway.url, headers, runs);
    await openLoop(client, mix, perSecond / 4, 3);
    const before = cpuSeconds(gateway.child.pid);
    const held = await openLoop(client, mix, perSecond, seconds);
    held.cpuMicrosPerRequest = (1e6 * (cpuSeconds(gateway.child.pid) - before)) / held.requests;
    const steps = [held];
    const holds = ({ errors, p99Ms }) => errors === 0 && p99Ms < P99_GOAL_MS;
    for (const rate of STEPS.filter((each) => each > perSecond)) {
      if (!holds(steps.at(-1))) break;
      steps.push(await openLoop(client, mix, rate, stepSeconds));
    }
    const knee = steps.filter(holds).at(-1)?.perSecond ?? 0;
    // A new one: the index has forgotten the oldest by now.
    const { id } = await createRun({ url: gateway.url, token }, recipe);
    const costs = await layers(client, gateway, headers, id, stepSeconds);
    print(
      table(steps, [
        ['per second', 'perSecond'],
        ['reached', 'reached'],
        ['errors', 'errors'],
        ['p50 ms', 'p50Ms'],
        ['p99 ms', 'p99Ms'],
        ['p99.9 ms', 'p999Ms'],
      ]),
    );
    print(
      `\nholds ${knee}/s with p99 under ${P99_GOAL_MS} ms and no error; ${held.cpuMicrosPerRequest.toFixed(0)} µs of processor time a request at ${perSecond}/s\n`,
    );
    print(
      table(costs, [
        ['route', 'layer'],
        ['µs of the gateway', 'micros'],
        ['adds', 'adds'],
      ]),
    );
    const readAgainstBare = costs.at(-1).micros / costs[0].micros;
    print(`\na read costs ${readAgainstBare.toFixed(2)} times a bare Fastify route`);
    return { ...held, kneePerSecond: knee, readAgainstBare, steps, layers: costs };
  } finally {
    client.close();
    await stop();
  }
}
