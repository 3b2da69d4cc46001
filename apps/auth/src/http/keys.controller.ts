import { Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { AUTH_PATHS, type Caller, type SigningKeyList, type SigningKeyView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import type { JSONWebKeySet } from 'jose';
import { assertHost } from '../identities/administration.js';
import { KeyRing, type KeyState } from '../keys/key-ring.js';
import type { SigningKey } from '../keys/signing-key.js';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** The keys that sign our tokens. */
@ApiTags('signing keys')
@Controller()
export class KeysController {
  constructor(private readonly keys: KeyRing) {}

  /** For whoever verifies tokens (RFC 7517). */
  @ApiAnswer(200, 'JsonWebKeySet', { summary: 'The keys by which our tokens are verified (RFC 7517).', errors: [] })
  @Get(AUTH_PATHS.jwks)
  @Header('cache-control', 'public, max-age=60')
  published(): JSONWebKeySet {
    return this.keys.published();
  }

  @ApiAnswer(200, 'SigningKeyList', {
    summary: 'The keys that sign, have signed and will sign; for admins of the first tenant.',
    errors: [],
  })
  @Get('v1/signing-keys')
  list(@CallerOf() caller: Caller): SigningKeyList {
    assertHost(caller);
    return { keys: this.keys.states().map(viewOf) };
  }

  /** Makes the next key before its time. */
  @ApiAnswer(201, 'SigningKeyView', { summary: 'Makes the next signing key before its time.', errors: [] })
  @Post('v1/signing-keys')
  @HttpCode(201)
  async rotate(@CallerOf() caller: Caller): Promise<SigningKeyView> {
    assertHost(caller);
    const made = await this.keys.rotate();
    return viewOf(this.keys.states().find(({ key }) => key.kid === made.kid)!);
  }
}

function viewOf({ key: { kid, madeAtMs }, state }: { key: SigningKey; state: KeyState }): SigningKeyView {
  return { kid, state, madeAt: new Date(madeAtMs).toISOString() };
}
