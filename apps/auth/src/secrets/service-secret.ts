import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { privateFile } from '../private-file.js';

const BYTES = 32;

/** A secret of the service itself, which never leaves it: with it the service knows again what it has given out. */
export class ServiceSecret {
  private constructor(private readonly key: Buffer) {}

  /**
   * The secret of an installation, made at its first start and kept in `<dir>/service-secret`, which all replicas share.
   * @throws ForgeError STORE_UNAVAILABLE, or INVALID_ARGUMENT when the file is damaged or others may read it
   */
  static async open(dir: string): Promise<ServiceSecret> {
    const path = join(dir, 'service-secret');
    const text = await privateFile(path, async () => randomBytes(BYTES).toString('hex'));
    if (/^[0-9a-f]{64}$/.test(text.trim())) return new ServiceSecret(Buffer.from(text.trim(), 'hex'));
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${path} is damaged or weak: it must be 64 random hexadecimal digits; restore it, or remove it to get a new one (all sessions end)`,
    );
  }

  /** An authenticator (HMAC-SHA-256, base64url) of a text. @param purpose keeps authenticators of one use out of another */
  authenticate(purpose: string, text: string): string {
    return createHmac('sha256', this.key).update(`${purpose}\0${text}`).digest('base64url');
  }

  /** Whether an authenticator is the one of a text; takes the same time for a wrong one. */
  isAuthentic(purpose: string, text: string, authenticator: string): boolean {
    const [given, right] = [authenticator, this.authenticate(purpose, text)].map((each) => Buffer.from(each));
    return given!.length === right!.length && timingSafeEqual(given!, right!);
  }
}
