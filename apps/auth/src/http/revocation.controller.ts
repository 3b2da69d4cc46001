import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AUTH_PATHS } from '@agent-forge/contracts';
import { setCaller } from '@agent-forge/runtime';
import { Endings } from '../tokens/endings.js';
import { refuse, type OAuthProblem } from './token.controller.js';
import { readRevocationRequest } from './token-request.js';
import { ApiDone } from '@agent-forge/runtime/openapi';
import { ApiTags } from '@nestjs/swagger';
import { ApiForm } from '../docs/decorators.js';

/** Ends tokens (RFC 7009). Whoever has a token may end it; what is no token of ours is answered in the same way. */
@ApiTags('tokens')
@Controller()
export class RevocationController {
  constructor(private readonly endings: Endings) {}

  @ApiDone(200, {
    summary: 'Ends a token (RFC 7009); what is none of ours is answered in the same way.',
    errors: ['BROKER_UNAVAILABLE'],
  })
  @ApiForm('RevocationRequest')
  @Post(AUTH_PATHS.revoke)
  @HttpCode(200)
  async revoke(
    @Body() form: unknown,
    @Req() incoming: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OAuthProblem | undefined> {
    const request = readRevocationRequest(form);
    if ('mistake' in request) return refuse(reply, request.mistake, request.description);
    const whose = await this.endings.end(request.token);
    if (whose !== undefined) {
      const { subject, tenant } = whose;
      setCaller(incoming, { subject, tenant, role: 'viewer', scopes: [] });
    }
    return undefined;
  }
}
