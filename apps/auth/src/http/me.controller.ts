import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ForgeError, type Caller, type MeView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { Logins } from '../login/logins.js';
import { PasswordChangeDto } from './identity.dto.js';

/** The caller's own account. */
@Controller('v1/me')
export class MeController {
  constructor(
    private readonly administration: Administration,
    private readonly logins: Logins,
  ) {}

  @Get()
  me(@CallerOf() { subject, tenant, role, scopes }: Caller): MeView {
    return { subject, tenant, role, scopes: [...scopes] };
  }

  /** Wants the present password as well: a token alone, which may be stolen, does not take over an account. */
  @Post('password')
  @HttpCode(204)
  async changePassword(@Body() { current, next }: PasswordChangeDto, @CallerOf() { subject }: Caller): Promise<void> {
    if ((await this.logins.authenticate(subject, current)) === undefined)
      throw new ForgeError('FORBIDDEN', 'current: that is not your password');
    await this.administration.setPassword(subject, next);
  }
}
