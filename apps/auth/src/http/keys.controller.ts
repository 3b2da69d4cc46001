import { Controller, Get, Header, Inject } from '@nestjs/common';
import { AUTH_PATHS } from '@agent-forge/contracts';
import type { JSONWebKeySet } from 'jose';

/** Injection token of the published keys. */
export const KEY_SET = Symbol('key set');

/** The keys that verify our tokens (RFC 7517). */
@Controller()
export class KeysController {
  constructor(@Inject(KEY_SET) private readonly keys: JSONWebKeySet) {}

  @Get(AUTH_PATHS.jwks)
  @Header('cache-control', 'public, max-age=60')
  published(): JSONWebKeySet {
    return this.keys;
  }
}
