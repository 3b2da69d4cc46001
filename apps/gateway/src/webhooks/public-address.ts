import { BlockList, isIP } from 'node:net';

/** IPv4 networks that are not public (IANA, "IPv4 Special-Purpose Address Registry"), multicast and what is reserved. */
const IPV4_SPECIAL: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** All public IPv6 addresses are of this network; loopback, link-local, private, mapped and translated ones are not. */
const IPV6_GLOBAL: readonly [string, number] = ['2000::', 3];
/** Those of it that are not public, or carry an IPv4 address inside (Teredo, 6to4). */
const IPV6_SPECIAL: readonly [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of IPV4_SPECIAL) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of IPV6_SPECIAL) special.addSubnet(net, prefix, 'ipv6');
const global = new BlockList();
global.addSubnet(...IPV6_GLOBAL, 'ipv6');

/** Whether an address belongs to the public internet. What is no address at all does not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && global.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
