import { once } from 'node:events';
import { relative } from 'node:path';
import { Command } from 'commander';
import { integerOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { credentialsFile, startSystem, type System } from '../system/system.js';

/** The gateway's port, and auth's beside it. */
const PORT = 8083;

interface Options {
  dataDir: string;
  port: number;
}

/** `forge up` */
export function upCommand(): Command {
  return new Command('up')
    .description('run the whole system on this machine, until Ctrl-C')
    .option('--data-dir <dir>', 'where everything is kept', 'forge-data')
    .option('--port <n>', 'port of the gateway; auth takes the next one; 0 is any free one', integerOption(0), PORT)
    .action(up);
}

async function up({ dataDir, port }: Options): Promise<void> {
  await withInterruption(async (signal) => {
    const system = await startSystem({ dataDir, port, authPort: port === 0 ? 0 : port + 1, signal });
    try {
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
    ['gateway', `${connection.url}  (its API: /docs in a browser, with that client and secret)`],
    ['auth', `${authUrl}  (client and secret: ${credentialsFile(folder)})`],
    ['nats', broker.url],
    ['processes', [`nats-server ${broker.pid}`, ...services.map(({ name, pid }) => `${name} ${pid}`)].join(', ')],
    ['data', `${folder}  (logs in ${folder}/logs)`],
    ['stop', 'Ctrl-C'],
  ];
  return rows.map(([name, text]) => `${name!.padEnd(10)} ${text}\n`).join('');
}
