import { Command } from 'commander';
import { AUTHORIZATION_FILE, writeBrokerLogins } from '../system/broker-logins.js';

const LOGINS_HELP = `
The embedded broker of forge up needs none of this. The folder gets ${AUTHORIZATION_FILE}, for your nats-server to include, and NAME.env with
the login of each service, for its environment (or a Kubernetes secret); admin.env is for forge broker prepare only.

Example:
  forge broker logins --out broker-logins`;

const PREPARE_HELP = `
Reads NATS_URL, NATS_USER and NATS_PASSWORD of an administrator, and FORGE_NATS_REPLICAS (copies of each message in a cluster, default 1).
Run it before the services of a new version start; it changes only what is not as it should be.

Example:
  NATS_URL=tls://broker:4222 NATS_USER=forge NATS_PASSWORD=... forge broker prepare`;

/** `forge broker` */
export function brokerCommand(): Command {
  const logins = new Command('logins')
    .description('make a login with least privilege for each service')
    .requiredOption('--out <dir>', 'a folder to make')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', LOGINS_HELP)
    .action(makeLogins);
  const prepare = new Command('prepare')
    .description('make the streams, or bring them up to date')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', PREPARE_HELP)
    .action(prepareBroker);
  return new Command('broker').description('a NATS server of your own').addCommand(logins).addCommand(prepare);
}

async function makeLogins({ out, json }: { out: string; json?: true }): Promise<void> {
  const files = await writeBrokerLogins(out);
  const next = `in nats-server.conf: include ${out}/${AUTHORIZATION_FILE}`;
  process.stdout.write(
    json ? `${JSON.stringify({ dir: out, files })}\n` : `${files.length} files in ${out}\n${next}\n`,
  );
}

async function prepareBroker({ json }: { json?: true }): Promise<void> {
  const { prepareStreamsOf } = await import('../system/prepare-streams.js');
  const streams = await prepareStreamsOf(process.env);
  process.stdout.write(json ? `${JSON.stringify({ streams })}\n` : `${streams.length} streams are in place\n`);
}
