import { Body, Controller, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AUTH_PATHS, type TokenAnswer } from '@agent-forge/contracts';
import { setCaller } from '@agent-forge/runtime';
import { Grants, type Granted, type Refused } from '../tokens/grants.js';
import { readTokenRequest, type Mistake, type TokenRequest } from './token-request.js';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer, ApiForm } from '../docs/decorators.js';

/** An error in the form that every OAuth client reads (RFC 6749, section 5.2). */
export interface OAuthProblem {
  error: Mistake['mistake'] | Refused['refused'];
  error_description: string;
}

/** The token endpoint of OAuth 2.0: client credentials, API keys in their place, and refresh tokens. */
@ApiTags('tokens')
@Controller()
export class TokenController {
  constructor(private readonly grants: Grants) {}

  @ApiAnswer(200, 'TokenAnswer', {
    summary:
      'The token endpoint of OAuth 2.0 (RFC 6749): client credentials, API keys in their place, and refresh tokens.',
    errors: ['BROKER_UNAVAILABLE'],
  })
  @ApiForm('TokenRequest')
  @Post(AUTH_PATHS.token)
  @HttpCode(200)
  async token(
    @Body() form: unknown,
    @Headers('authorization') authorization: string | undefined,
    @Req() incoming: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenAnswer | OAuthProblem> {
    const request = readTokenRequest(form, authorization);
    if ('mistake' in request) return refuse(reply, request.mistake, request.description);
    const granted = await this.#grant(request);
    if ('refused' in granted) {
      const { refused, description, subject, tenant } = granted;
      if (subject !== undefined && tenant !== undefined)
        setCaller(incoming, { subject, tenant, role: 'viewer', scopes: [] });
      return refuse(reply, refused, description);
    }
    setCaller(incoming, granted.caller);
    return tokenAnswer(granted);
  }

  #grant(request: TokenRequest): Promise<Granted | Refused> {
    return request.grant === 'client_credentials'
      ? this.grants.forSecret(request.credentials, request.scope)
      : this.grants.forRefreshToken(request.refreshToken, request.scope);
  }
}

/** A token as RFC 6749, section 5.1, answers with it. */
export function tokenAnswer({ accessToken, expiresInSeconds, caller, refreshToken }: Granted): TokenAnswer {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    scope: caller.scopes.join(' '),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  };
}

/** Answers with an error of OAuth. */
export function refuse(reply: FastifyReply, error: OAuthProblem['error'], description: string): OAuthProblem {
  void reply.status(error === 'invalid_client' ? 401 : 400);
  if (error === 'invalid_client') void reply.header('www-authenticate', 'Basic realm="agent-forge"');
  return { error, error_description: description };
}
