import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ForgeError } from '@agent-forge/contracts';
import { isPublicAddress } from './public-address.js';

/** Finds all addresses of a name; given from outside so that a test can answer for a name server. */
export type Resolver = typeof lookup;

/** Which targets webhooks may have. */
export class TargetPolicy {
  readonly #allowed: ReadonlySet<string>;

  /** @param allowed hosts, or hosts with ports, that are trusted with whatever address they have, and without TLS (`FORGE_WEBHOOK_ALLOW`) */
  constructor(
    allowed: readonly string[],
    private readonly resolve: Resolver = lookup,
  ) {
    this.#allowed = new Set(allowed.map((host) => host.toLowerCase()));
  }

  /**
   * The target as it may be asked, if its form allows that.
   * @throws ForgeError INVALID_ARGUMENT
   */
  parse(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) throw refused('is no https URL');
    if (url.username || url.password) throw refused('must not carry a login');
    if (url.hash) throw refused('must not have a fragment');
    if (this.#isAllowed(url)) return url;
    if (url.protocol !== 'https:') throw refused('must be https');
    const host = hostOf(url);
    if (isIP(host) !== 0 && !isPublicAddress(host)) throw refused('is not at a public address');
    return url;
  }

  /**
   * Checks a new target to its addresses, so that a mistake is told to whoever makes it. Each delivery checks again.
   * @throws ForgeError INVALID_ARGUMENT
   */
  async check(text: string): Promise<void> {
    const url = this.parse(text);
    if (isIP(hostOf(url)) !== 0) return;
    await new Promise<void>((resolve, reject) =>
      this.lookupFor(url)(hostOf(url), { all: true }, (error) => (error ? reject(refused(error.message)) : resolve())),
    );
  }

  /**
   * The name look-up of a connection to a target. The connection goes to the very address that was checked here, so that a name that answers
   * differently the next time gains nothing; one address that is not public refuses the name.
   */
  lookupFor(url: URL): LookupFunction {
    const isAllowed = this.#isAllowed(url);
    return (host, options, done) => {
      this.resolve(host, { family: options.family ?? 0, all: true }, (error, addresses) => {
        if (error) return done(new Error('has a name that cannot be resolved'), '');
        const [first] = addresses;
        const isFine = isAllowed || addresses.every(({ address }) => isPublicAddress(address));
        if (first === undefined || !isFine) return done(new Error('is not at a public address'), '');
        if (options.all) done(null, addresses);
        else done(null, first.address, first.family);
      });
    };
  }

  #isAllowed({ hostname, host }: URL): boolean {
    return this.#allowed.has(hostname) || this.#allowed.has(host);
  }
}

/** The host without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function refused(problem: string): ForgeError {
  return new ForgeError('INVALID_ARGUMENT', `url: the target ${problem}`);
}
