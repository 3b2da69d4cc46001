import { readFileSync } from 'node:fs';
import type { EnvReader } from '../env.js';
import { isLoopback } from '../loopback.js';

/**
 * What a service speaks by https: TLS 1.3, and of TLS 1.2 the suites with forward secrecy and authenticated encryption only (RFC 9325, section
 * 4.2).
 */
export const TLS_SUITES = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ...['AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-GCM-SHA256'].flatMap((suite) => [
      `ECDHE-ECDSA-${suite}`,
      `ECDHE-RSA-${suite}`,
    ]),
  ].join(':'),
} as const;

/** A certificate with those that vouch for it, and its key, in PEM. */
export interface HttpTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const IN_THE_CLEAR = 'or set FORGE_PLAINTEXT=yes where an ingress or a service mesh encrypts';

/**
 * `FORGE_TLS_CERT_FILE` and `FORGE_TLS_KEY_FILE`: what a service shows whoever asks it. Off this machine (`FORGE_HOST`) it does not listen
 * without, since tokens and passwords would go over the network for everybody to read.
 */
export function readHttpTls(reader: EnvReader): HttpTls | undefined {
  const [certFile, keyFile] = [reader.text('FORGE_TLS_CERT_FILE'), reader.text('FORGE_TLS_KEY_FILE')];
  const host = reader.text('FORGE_HOST');
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.refuse('FORGE_TLS_CERT_FILE and FORGE_TLS_KEY_FILE belong together');
  if (certFile === undefined && host !== undefined && !isLoopback(host) && !mayBeClear(reader))
    reader.refuse(
      `FORGE_HOST=${host} is open to other machines, and in the clear: give FORGE_TLS_CERT_FILE and FORGE_TLS_KEY_FILE, ${IN_THE_CLEAR}`,
    );
  if (certFile === undefined || keyFile === undefined) return undefined;
  const [cert, key] = [readPem(reader, certFile), readPem(reader, keyFile)];
  return { cert, key };
}

/**
 * The URL of another service, by https unless it is on this machine.
 * @param meaning what it is, for whoever has to set it
 */
export function readServiceUrl(reader: EnvReader, name: string, meaning: string): string {
  const text = reader.required(name, meaning);
  if (text === '') return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') reader.refuse(`${name}=${text} is no http or https URL`);
  else if (url.protocol === 'http:' && !isLoopback(url.hostname) && !mayBeClear(reader))
    reader.refuse(`${name} leads to ${url.hostname}, off this machine and in the clear: use https://, ${IN_THE_CLEAR}`);
  return text;
}

function mayBeClear(reader: EnvReader): boolean {
  return reader.oneOf('FORGE_PLAINTEXT', 'no', ['no', 'yes']) === 'yes';
}

function readPem(reader: EnvReader, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    reader.refuse(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return Buffer.alloc(0);
  }
}
