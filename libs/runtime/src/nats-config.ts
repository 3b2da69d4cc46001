import type { NatsOptions } from '@agent-forge/nats';
import type { EnvReader } from './env.js';
import { isLoopback } from './loopback.js';

/**
 * How a service reaches the broker: `NATS_URL`, `NATS_USER` with `NATS_PASSWORD` or `NATS_TOKEN`, `NATS_INBOX_PREFIX` for an identity that has answers sent to a place of its own, and for TLS `tls://` in the URL or `NATS_CA_FILE`, with `NATS_CERT_FILE` and `NATS_KEY_FILE` where the
 * broker wants certificates of its clients. A broker on another machine is not reached in the clear, unless `NATS_PLAINTEXT=yes` says that something else encrypts (a service mesh).
 */
export function readNatsConfig(reader: EnvReader): Omit<NatsOptions, 'name'> {
  const servers = reader.required('NATS_URL', 'for example nats://127.0.0.1:4222');
  const login = {
    user: reader.text('NATS_USER'),
    pass: reader.text('NATS_PASSWORD'),
    token: reader.text('NATS_TOKEN'),
    inboxPrefix: reader.text('NATS_INBOX_PREFIX'),
  };
  const files = {
    caFile: reader.text('NATS_CA_FILE'),
    certFile: reader.text('NATS_CERT_FILE'),
    keyFile: reader.text('NATS_KEY_FILE'),
  };
  if ((files.certFile === undefined) !== (files.keyFile === undefined))
    reader.refuse('NATS_CERT_FILE and NATS_KEY_FILE belong together');
  const tls = defined(files);
  const mayBeClear = reader.oneOf('NATS_PLAINTEXT', 'no', ['no', 'yes']) === 'yes';
  const away = servers.split(',').find((server) => !server.trim().startsWith('tls://') && !isHere(server));
  if (away !== undefined && !('caFile' in tls) && !mayBeClear)
    reader.refuse(
      `NATS_URL leads to ${hostOf(away)}, off this machine and in the clear: use tls://, with NATS_CA_FILE for an authority of your own, or set NATS_PLAINTEXT=yes where a service mesh encrypts`,
    );
  return { servers, ...defined(login), ...(Object.keys(tls).length > 0 && { tls }) };
}

/** The host of one server, without scheme, login and port. */
function hostOf(server: string): string {
  const place = server
    .trim()
    .replace(/^\w+:\/\//, '')
    .replace(/^.*@/, '');
  return /^\[([^\]]*)\]/.exec(place)?.[1] ?? place.replace(/[:/].*$/, '');
}

function isHere(server: string): boolean {
  const host = hostOf(server);
  return host === '' || isLoopback(host);
}

function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
