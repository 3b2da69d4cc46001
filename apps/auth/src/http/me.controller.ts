import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ForgeError, type Caller, type MeView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { Logins } from '../login/logins.js';
import { PasswordChangeDto } from './identity.dto.js';
import { ApiDone } from '@agent-forge/runtime/openapi';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** The caller's own account. */
@ApiTags('me')
@Controller('v1/me')
export class MeController {
  constructor(
    private readonly administration: Administration,
    private readonly logins: Logins,
  ) {}

  @ApiAnswer(200, 'MeView', { summary: 'Who the caller is.', errors: [] })
  @Get()
  me(@CallerOf() { subject, tenant, role, scopes }: Caller): MeView {
    return { subject, tenant, role, scopes: [...scopes] };
  }

  /** Wants the present password as well: a token alone, which may be stolen, does not take over an account. */
  @ApiDone(204, {
    summary: "Changes the caller's password; all sessions end.",
    errors: ['INVALID_ARGUMENT', 'FORBIDDEN', 'TOO_MANY_ATTEMPTS'],
  })
  @Post('password')
  @HttpCode(204)
  async changePassword(@Body() { current, next }: PasswordChangeDto, @CallerOf() { subject }: Caller): Promise<void> {
    if ((await this.logins.authenticate(subject, current)) === undefined)
      throw new ForgeError('FORBIDDEN', 'current: that is not your password');
    await this.administration.setPassword(subject, next);
  }
}
