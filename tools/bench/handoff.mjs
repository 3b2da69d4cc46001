// The hand-off between phases: from an event to the handler that it is for, eight empty phases end to end, and runs per second, beside a bare
// publish, consume and acknowledge of the same broker in the same run.
import { randomBytes } from 'node:crypto';
import { table } from './lib.mjs';

export const title = 'hand-off: event to handler, eight empty phases end to end, runs/s at 64 concurrent';
export const needs = ['libs/runtime'];

const PHASES = 8;
const SINGLE_RUNS = 200;
const CONCURRENT = 64;
const CONCURRENT_RUNS = 512;
const TENANT = 'bench';

const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
};

/** A broker with sync always and one service for each phase, in this process as in `forge up`. */
async function startSystem() {
  const { startTestBroker } = await import('@agent-forge/nats/testing');
  const { makeLogger, readConfig, startPhase } = await import('@agent-forge/runtime');
  const broker = await startTestBroker();
  const { url, user, password } = broker.server;
  const env = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password, FORGE_DATA_DIR: broker.dataDir };
  const config = readConfig({ ...env, FORGE_PORT: '0', FORGE_THREADS: '1' });
  const logger = makeLogger('bench', { logLevel: 'silent', logFile: undefined });
  const services = [];
  const empty = new URL('../../libs/runtime/dist/testing/empty-phase.js', import.meta.url);
  for (let i = 1; i <= PHASES; i++) {
    const { phase } = await import(`${empty.href}?name=p${i}`);
    services.push(await startPhase(phase, config, logger));
  }
  const stop = async () => {
    await Promise.all(services.map((service) => service.close()));
    await broker.stop();
  };
  return { broker, stop };
}

/** Requests runs and hears of every event of theirs when it reaches a subscriber. */
class Bench {
  #runs = new Map();
  #stop = new AbortController();

  constructor(connection, { log, readEvents, recipe }) {
    this.log = log;
    this.recipe = recipe;
    this.reading = this.#read(connection, readEvents);
  }

  async #read(connection, readEvents) {
    const options = { stream: 'log', filter: `forge.events.${TENANT}.>`, signal: this.#stop.signal };
    for await (const { event } of readEvents(connection, options)) {
      const run = this.#runs.get(event.run);
      run?.events.push({ name: event.name, atMs: performance.now() });
      if (event.name === 'run.completed') run?.done();
    }
  }

  /** Runs once through all phases. @returns milliseconds from the accepted request, by event */
  async once() {
    const run = randomBytes(8).toString('hex');
    const events = [];
    const ended = new Promise((done) => this.#runs.set(run, { events, done }));
    const startMs = performance.now();
    await this.log.execute(TENANT, run, { do: 'request', recipe: this.recipe, requestedBy: 'bench' });
    await ended;
    this.#runs.delete(run);
    return { startMs, events };
  }

  async close() {
    this.#stop.abort();
    await this.reading;
  }
}

/** What the broker alone does: a message is published, comes to a pull consumer and is acknowledged. */
async function bareHops(connection, count) {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BARE', subjects: ['bare'], storage: 'file' });
  await manager.consumers.add('BARE', { durable_name: 'bare', ack_policy: 'explicit' });
  const client = jetstream(connection);
  const messages = await (await client.consumers.get('BARE', 'bare')).consume({ max_messages: 1 });
  const waiting = [];
  const reading = (async () => {
    for await (const message of messages) {
      waiting.shift()?.(performance.now());
      message.ack();
    }
  })();
  const times = [];
  for (let i = 0; i < count; i++) {
    const arrived = new Promise((resolve) => waiting.push(resolve));
    const startMs = performance.now();
    await client.publish('bare', 'x'.repeat(512));
    times.push((await arrived) - startMs);
  }
  messages.stop();
  await reading;
  return times;
}

/** From each completion to the start that it caused, both as a subscriber sees them. */
function hopsOf({ events }) {
  return events.flatMap(({ name, atMs }, i) => {
    const before = events[i - 1];
    const isHop = name === 'phase.started' && ['run.requested', 'phase.completed'].includes(before?.name);
    return isHop ? [atMs - before.atMs] : [];
  });
}

async function throughput(bench, runs) {
  const startMs = performance.now();
  let left = runs;
  const lane = async () => {
    while (left-- > 0) await bench.once();
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
  return (1000 * runs) / (performance.now() - startMs);
}

export async function run({ log: print, options }) {
  const { create } = await import('@bufbuild/protobuf');
  const { RecipeSchema } = await import('@agent-forge/contracts');
  const { readEvents, RunLog } = await import('@agent-forge/nats');
  const { broker, stop } = await startSystem();
  const { connection } = broker;
  const names = Array.from({ length: PHASES }, (_, i) => ({ phase: `p${i + 1}` }));
  const recipe = create(RecipeSchema, { name: 'bench', phases: names });
  const bench = new Bench(connection, { log: new RunLog(connection, '/agentforge/bench'), readEvents, recipe });
  try {
    for (let i = 0; i < 10; i++) await bench.once();
    const bare = await bareHops(connection, options.runs ?? SINGLE_RUNS);
    const runs = [];
    for (let i = 0; i < (options.runs ?? SINGLE_RUNS); i++) runs.push(await bench.once());
    const hops = runs.flatMap(hopsOf);
    const whole = runs.map(({ startMs, events }) => events.at(-1).atMs - startMs);
    const runsPerSecond = await throughput(bench, options.concurrentRuns ?? CONCURRENT_RUNS);
    const result = {
      hopP50Ms: quantile(hops, 0.5),
      hopP99Ms: quantile(hops, 0.99),
      eightHopsP50Ms: quantile(whole, 0.5),
      eightHopsP99Ms: quantile(whole, 0.99),
      runsPerSecond,
      bareHopP50Ms: quantile(bare, 0.5),
      bareHopP99Ms: quantile(bare, 0.99),
    };
    const rows = [
      { what: 'bare publish, consume, ack', p50: result.bareHopP50Ms, p99: result.bareHopP99Ms },
      { what: 'event to handler (claimed)', p50: result.hopP50Ms, p99: result.hopP99Ms },
      { what: 'eight empty phases', p50: result.eightHopsP50Ms, p99: result.eightHopsP99Ms },
    ];
    print(
      table(rows, [
        ['', 'what'],
        ['p50 ms', 'p50'],
        ['p99 ms', 'p99'],
      ]),
    );
    print(`\n${runsPerSecond.toFixed(1)} runs/s of eight phases at ${CONCURRENT} concurrent`);
    return result;
  } finally {
    await bench.close();
    await stop();
  }
}
