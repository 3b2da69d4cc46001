import { isIP } from 'node:net';

/** Whether a host, as it stands in a URL or by itself, is this machine: what is sent there nobody else can read. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
