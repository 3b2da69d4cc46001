import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AUTH_PATHS } from '@agent-forge/contracts';
import { ClientStore } from '../clients/client-store.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { readTokenRequest, type OAuthError } from './client-credentials.js';

/** The token endpoint of OAuth 2.0, with the client-credentials grant (RFC 6749, section 4.4). */
@Controller()
export class TokenController {
  constructor(
    private readonly clients: ClientStore,
    private readonly issuer: TokenIssuer,
  ) {}

  @Post(AUTH_PATHS.token)
  @HttpCode(200)
  async token(
    @Body() form: unknown,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const request = readTokenRequest(form, authorization);
    if ('mistake' in request) return refuse(reply, request.mistake, request.description);
    const caller = await this.clients.authenticate(request.credentials);
    if (caller === undefined) return refuse(reply, 'invalid_client', 'the client is unknown, or its secret is wrong');
    const { accessToken, expiresInSeconds } = await this.issuer.issue(caller);
    return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInSeconds };
  }
}

/** Errors of this endpoint have the form of RFC 6749, section 5.2, which every OAuth client reads. */
function refuse(reply: FastifyReply, error: OAuthError, description: string): object {
  void reply.status(error === 'invalid_client' ? 401 : 400);
  if (error === 'invalid_client') void reply.header('www-authenticate', 'Basic realm="agent-forge"');
  return { error, error_description: description };
}
