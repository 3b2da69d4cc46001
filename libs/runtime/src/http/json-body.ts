import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ForgeError } from '@agent-forge/contracts';
import { parseStrictJson } from '@agent-forge/model';

const JSON_TYPE = 'application/json';
/** Far over what any body has that is taken; how deep those may be is said with their other rules. */
const RULES = {
  maxDepth: 128,
  maxEntries: 10_000,
  maxContainers: 10_000,
  numbers: 'any',
  fail: (problem: string): never => {
    throw new ForgeError('INVALID_ARGUMENT', `the body is no JSON that is taken here: ${problem}`);
  },
} as const;
/** With a byte order mark kept, which JSON does not have (RFC 8259, section 8.1), and bytes refused that are no UTF-8. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the JSON bodies of an application strictly (RFC 8259, I-JSON of RFC 7493): a key that stands twice, a byte order mark or bytes that are no
 * UTF-8 are refused, since others who read the same body might see another one.
 */
export function acceptStrictJson(app: NestFastifyApplication, bodyLimit: number): void {
  app.useBodyParser(JSON_TYPE, { bodyLimit }, (_request, body, done) => {
    try {
      done(null, parseBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws ForgeError INVALID_ARGUMENT */
function parseBody(body: Buffer): unknown {
  if (body.length === 0) throw new ForgeError('INVALID_ARGUMENT', 'the body is empty; send JSON, or no Content-Type');
  const text = decoded(body);
  parseStrictJson(text.trimEnd(), RULES);
  return JSON.parse(text, refuseInherited);
}

function decoded(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    return RULES.fail('it is not UTF-8');
  }
}

/** Keys that every object has from birth: libraries that look fields up by name take them for known ones. */
function refuseInherited(key: string, value: unknown): unknown {
  if (key in Object.prototype) RULES.fail(`the key ${key} is not taken`);
  return value;
}
