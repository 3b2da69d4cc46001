import { join } from 'node:path';
import { authorizationBlock, quote, type BrokerUser } from '../access/authorization.js';

/** Names of the files of an embedded server inside its folder. */
export const FILES = {
  config: 'nats-server.conf',
  ports: 'ports',
  store: 'jetstream',
  pid: 'nats-server.pid',
  log: 'nats-server.log',
};

/** Keeps the log from growing without end; the server keeps the last file besides. */
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/** What {@link serverConfig} needs. */
export interface ServerConfigOptions {
  /** Folder of everything that the server writes. */
  dir: string;
  /** Whom it lets in. */
  users: readonly BrokerUser[];
  /** 0 lets the system choose a free port. */
  port: number;
  /** Also opens the monitoring port (any free one), for tests that ask the server about itself. */
  monitor?: boolean;
}

/**
 * The configuration of an embedded server: loopback only, nobody let in without a password, JetStream in `dir`, and every acknowledged message on disk
 * (`sync_interval: always`), since the run log is the only record of a run.
 */
export function serverConfig({ dir, users, port, monitor = false }: ServerConfigOptions): string {
  return [
    `host: "127.0.0.1"`,
    `port: ${port === 0 ? -1 : port}`,
    ...(monitor ? ['http: "127.0.0.1:-1"'] : []),
    `server_name: "agent-forge"`,
    `ports_file_dir: ${quote(join(dir, FILES.ports))}`,
    `pid_file: ${quote(join(dir, FILES.pid))}`,
    `log_file: ${quote(join(dir, FILES.log))}`,
    `logfile_size_limit: ${LOG_LIMIT_BYTES}`,
    `logfile_max_num: 2`,
    authorizationBlock(users),
    `jetstream { store_dir: ${quote(join(dir, FILES.store))}, sync_interval: "always" }`,
    '',
  ].join('\n');
}
