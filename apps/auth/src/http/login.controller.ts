import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AUTH_PATHS, ForgeError, type TokenAnswer } from '@agent-forge/contracts';
import { setCaller } from '@agent-forge/runtime';
import { LockedOut } from '../login/login-attempts.js';
import { Grants, type Granted, type Refused } from '../tokens/grants.js';
import { LoginDto } from './login.dto.js';
import { tokenAnswer } from './token.controller.js';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** Seconds after which a service that had too much to do may be asked again. */
const BUSY_SECONDS = 2;

/** Logins with a password, for our own clients only: OAuth 2.1 has no grant for passwords any more, and strangers must not see them. */
@ApiTags('tokens')
@Controller()
export class LoginController {
  constructor(private readonly grants: Grants) {}

  @ApiAnswer(200, 'TokenAnswer', {
    summary: 'Logs a user in with a password.',
    errors: ['UNAUTHENTICATED', 'FORBIDDEN', 'TOO_MANY_ATTEMPTS', 'BROKER_UNAVAILABLE'],
  })
  @Post(AUTH_PATHS.login)
  @HttpCode(200)
  async login(
    @Body() { user, password, scope }: LoginDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenAnswer> {
    let granted: Granted | Refused;
    try {
      granted = await this.grants.forPassword(user, password, scope);
    } catch (error) {
      if (error instanceof ForgeError && error.code === 'TOO_MANY_ATTEMPTS')
        void reply.header('retry-after', error instanceof LockedOut ? error.retryAfterSeconds : BUSY_SECONDS);
      throw error;
    }
    if ('refused' in granted)
      throw new ForgeError(granted.refused === 'invalid_scope' ? 'FORBIDDEN' : 'UNAUTHENTICATED', granted.description);
    setCaller(request, granted.caller);
    return tokenAnswer(granted);
  }
}
