import { once } from 'node:events';
import { relative } from 'node:path';
import { Command } from 'commander';
import { portOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import type { Broker } from '../system/broker.js';
import { showFirstKey } from '../system/first-key.js';
import { launchService } from '../system/service-process.js';
import type { RunningService } from '../system/service.js';
import { startSystem, type System } from '../system/system.js';

/** The gateway's port, and auth's beside it. */
const PORT = 8083;

const HELP = `
Without NATS_URL it starts a nats-server of its own, loopback only, with a random password. With NATS_URL (and NATS_USER and
NATS_PASSWORD, or NATS_TOKEN) it uses that broker. Whatever it writes lies in the data directory. The first start on a terminal shows the
admin's API key, once; without a terminal make one with: forge keys add NAME

Examples:
  ./forge up
  ./forge up --processes --data-dir /srv/forge
  NATS_URL=tls://broker:4222 ./forge up`;

interface Options {
  dataDir: string;
  port: number;
  processes?: true;
}

/** `forge up` */
export function upCommand(): Command {
  return new Command('up')
    .description('run the whole system on this machine, until Ctrl-C')
    .option('--data-dir <dir>', 'where everything is kept', 'forge-data')
    .option('--port <n>', 'port of the gateway; auth takes the next one; 0 is any free one', portOption, PORT)
    .option('--processes', 'one process for each service, instead of one for all')
    .addHelpText('after', HELP)
    .action(up);
}

async function up({ dataDir, port, processes }: Options): Promise<void> {
  await withInterruption(async (signal) => {
    const authPort = port === 0 ? 0 : port + 1;
    const startService = processes ? launchService : (await import('../system/service-here.js')).startServiceHere;
    const natsUrl = process.env['NATS_URL']?.trim() || undefined;
    const system = await startSystem({ dataDir, port, authPort, signal, startService, natsUrl });
    try {
      await showFirstKey(system);
      process.stdout.write(describe(system));
      const ends = AbortSignal.any([signal, system.failed]);
      if (!ends.aborted) await once(ends, 'abort');
      if (system.failed.aborted) throw system.failed.reason;
    } finally {
      process.stdout.write('stopping\n');
      await system.stop();
    }
  });
}

function describe({ connection, authUrl, broker, services, dataDir }: System): string {
  const folder = relative('', dataDir) || '.';
  const rows = [
    ['gateway', `${connection.url}  (its API: ${connection.url}/docs)`],
    ['auth', authUrl],
    ['login', `./forge commands here need none; for others make a key with: ./forge keys add NAME`],
    ['nats', broker.pid === undefined ? `${broker.url}  (not ours: it stays)` : broker.url],
    ['processes', processesOf(broker, services)],
    ['data', `${folder}  (logs in ${folder}/logs)`],
    ['stop', 'Ctrl-C'],
  ];
  return rows.map(([name, text]) => `${name!.padEnd(10)} ${text}\n`).join('');
}

/** Processes by their ids, each with what runs in it. */
function processesOf({ pid: brokerPid }: Broker, services: readonly RunningService[]): string {
  const names = new Map<number, string[]>();
  for (const { name, pid } of services) names.set(pid, [...(names.get(pid) ?? []), name]);
  const ours = [...names].map(([pid, inIt]) => `${inIt.join(' + ')} ${pid}`);
  return [...(brokerPid === undefined ? [] : [`nats-server ${brokerPid}`]), ...ours].join(', ');
}
