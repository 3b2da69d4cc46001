import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@agent-forge/runtime';
import type { JSONWebKeySet } from 'jose';
import { privateFile } from '../private-file.js';
import { LIFETIME_SECONDS } from '../tokens/lifetime.js';
import { generateSigningKey, parseSigningKey, type SigningKey } from './signing-key.js';

/** A new key is published so long before it signs, so that whoever keeps the keys for some minutes has it in time. */
export const PUBLISHED_AHEAD_MS = 15 * 60_000;
/** A key that signs no more is published until the last token that it signed has ended, and a while longer. */
export const PUBLISHED_AFTER_MS = LIFETIME_SECONDS * 1_000 + 15 * 60_000;
/** How soon a replica sees a key that another has made: well within the time before it signs. */
const TEND_MS = 60_000;
/** Where the only key of earlier versions lies. */
const OLD_FILE = '../signing-key.json';

/** What a key is good for now. */
export type KeyState = 'next' | 'signing' | 'retired';

/**
 * The keys of an installation, in files of `<dir>/keys` that are named by the time at which they were made, for all replicas. What each is good
 * for follows from those times alone, so that replicas agree without a word: the newest that was published long enough signs.
 */
export class KeyRing {
  /** Newest first. */
  #keys: readonly SigningKey[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly dir: string,
    private readonly periodMs: number,
  ) {}

  /**
   * Opens the keys, and makes the first where there is none.
   * @param dir the folder for secrets
   * @param periodMs after which a key is followed by another
   * @throws ForgeError STORE_UNAVAILABLE, or INVALID_ARGUMENT when a file is damaged or others may read it
   */
  static async open(dir: string, periodMs: number, nowMs = Date.now()): Promise<KeyRing> {
    const ring = new KeyRing(join(dir, 'keys'), periodMs);
    await mkdir(ring.dir, { recursive: true, mode: 0o700 });
    // Its tokens go on; its age is not known, and it is old enough to sign.
    await rename(join(ring.dir, OLD_FILE), ring.#path(1)).catch(() => undefined);
    await ring.tend(nowMs);
    return ring;
  }

  /** Looks after the keys from now on, until {@link close}. */
  start(logger: Logger): void {
    const tend = () =>
      this.tend(Date.now()).catch((err: unknown) => logger.error({ err }, 'cannot look after the keys'));
    this.#timer = setInterval(() => void tend(), TEND_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads the keys anew, makes the next when it is time, and removes those that no token needs any more. */
  async tend(nowMs: number): Promise<void> {
    const newest = (await this.#read())[0];
    // Replicas that do this at the same time choose the same name, and one of them wins.
    if (newest === undefined) await this.#make(nowMs);
    else if (newest.madeAtMs + this.periodMs <= nowMs) await this.#make(Math.floor(nowMs / TEND_MS) * TEND_MS);
    const keys = await this.#read();
    const ended = keys.filter((key, i) => i > 0 && endOf(keys[i - 1]!) <= nowMs && key !== signerOf(keys, nowMs));
    await Promise.all(ended.map(({ madeAtMs }) => rm(this.#path(madeAtMs), { force: true })));
    this.#keys = keys.filter((key) => !ended.includes(key));
  }

  /** Makes the next key before its time, unless there is one. @returns it */
  async rotate(nowMs = Date.now()): Promise<SigningKey> {
    await this.tend(nowMs);
    const next = this.states(nowMs).find(({ state }) => state === 'next');
    if (next !== undefined) return next.key;
    await this.#make(nowMs);
    await this.tend(nowMs);
    return this.#keys[0]!;
  }

  /** The key that signs. */
  signer(nowMs = Date.now()): SigningKey {
    return signerOf(this.#keys, nowMs);
  }

  /** All keys and what they are good for, newest first. */
  states(nowMs = Date.now()): { key: SigningKey; state: KeyState }[] {
    const at = this.#keys.indexOf(this.signer(nowMs));
    return this.#keys.map((key, i) => ({ key, state: i < at ? 'next' : i === at ? 'signing' : 'retired' }));
  }

  /** As they are published (RFC 7517): those that sign, that did, and that will. */
  published(): JSONWebKeySet {
    return { keys: this.#keys.map(({ publicJwk }) => publicJwk) };
  }

  async #read(): Promise<SigningKey[]> {
    const names = (await readdir(this.dir)).flatMap((name) => /^(\d{1,15})\.json$/.exec(name)?.[1] ?? []);
    const times = names.map(Number).sort((a, b) => b - a);
    return Promise.all(times.map((madeAtMs) => this.#load(madeAtMs)));
  }

  async #load(madeAtMs: number): Promise<SigningKey> {
    const known = this.#keys.find((key) => key.madeAtMs === madeAtMs);
    return known ?? this.#make(madeAtMs);
  }

  /** The key of a time, made where there is none. */
  async #make(madeAtMs: number): Promise<SigningKey> {
    const path = this.#path(madeAtMs);
    return parseSigningKey(await privateFile(path, generateSigningKey), path, madeAtMs);
  }

  #path(madeAtMs: number): string {
    return join(this.dir, `${madeAtMs}.json`);
  }
}

/** The newest key that was published long enough; with none the oldest, which has nobody before it to wait for. */
function signerOf(keys: readonly SigningKey[], nowMs: number): SigningKey {
  return keys.find(({ madeAtMs }) => madeAtMs + PUBLISHED_AHEAD_MS <= nowMs) ?? keys.at(-1)!;
}

/** When the key before this one need not be published any more. */
function endOf({ madeAtMs }: SigningKey): number {
  return madeAtMs + PUBLISHED_AHEAD_MS + PUBLISHED_AFTER_MS;
}
