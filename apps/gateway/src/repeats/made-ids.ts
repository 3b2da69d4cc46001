import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ulid } from '@agent-forge/contracts';

/** The id of what a request makes, if it makes something. */
export interface MadeId {
  readonly id: string;
  /** Whether an earlier try of the same request may have made it already. */
  readonly isSecondTry: boolean;
}

const ids = new WeakMap<FastifyRequest, MadeId>();

/** Settles the id of what a request makes. */
export function setMadeId(request: FastifyRequest, made: MadeId): void {
  ids.set(request, made);
}

/** The id of what a request makes: the same for every try of a request with an Idempotency-Key, a new one otherwise. */
export function madeIdOf(request: FastifyRequest): MadeId {
  return ids.get(request) ?? { id: newId(), isSecondTry: false };
}

/** An id that nothing has. */
export function newId(): string {
  return ulid(Date.now(), randomBytes(10));
}
