import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller, PrincipalView, UserList } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { PasswordResetDto, PrincipalChangeDto, UserRequestDto } from './identity.dto.js';
import { principalView } from './principal-view.js';
import { ApiDone } from '@agent-forge/runtime/openapi';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** Users: people, who log in with passwords. */
@ApiTags('users')
@Controller('v1/users')
export class UsersController {
  constructor(private readonly administration: Administration) {}

  @ApiAnswer(201, 'PrincipalView', {
    summary: 'Makes a user.',
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
    isCreation: true,
  })
  @Post()
  @HttpCode(201)
  async create(
    @Body() request: UserRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PrincipalView> {
    const user = await this.administration.addUser(caller, request);
    void reply.header('location', `/v1/users/${user.id}`);
    return principalView(user);
  }

  @ApiAnswer(200, 'UserList', {
    summary: 'The users of the tenant; of all tenants, for admins of the first.',
    errors: [],
  })
  @Get()
  async list(@CallerOf() caller: Caller): Promise<UserList> {
    return { users: (await this.administration.list(caller, 'user')).map(principalView) };
  }

  @ApiAnswer(200, 'PrincipalView', { summary: 'One user.', errors: ['NOT_FOUND'] })
  @Get(':user')
  async get(@Param('user') id: string, @CallerOf() caller: Caller): Promise<PrincipalView> {
    return principalView(await this.administration.get(caller, 'user', id));
  }

  @ApiAnswer(200, 'PrincipalView', {
    summary: 'Changes role or state of a user; its sessions end.',
    errors: ['NOT_FOUND'],
  })
  @Patch(':user')
  async change(
    @Param('user') id: string,
    @Body() change: PrincipalChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<PrincipalView> {
    return principalView(await this.administration.change(caller, 'user', id, change));
  }

  @ApiDone(204, {
    summary: 'Gives a user another password; its sessions end.',
    errors: ['NOT_FOUND', 'TOO_MANY_ATTEMPTS'],
  })
  @Post(':user(^[a-z0-9]+)::password')
  @HttpCode(204)
  resetPassword(
    @Param('user') id: string,
    @Body() { password }: PasswordResetDto,
    @CallerOf() caller: Caller,
  ): Promise<void> {
    return this.administration.resetPassword(caller, id, password);
  }

  @ApiDone(204, { summary: 'Removes a user with its API keys.', errors: ['NOT_FOUND'] })
  @Delete(':user')
  @HttpCode(204)
  remove(@Param('user') id: string, @CallerOf() caller: Caller): Promise<void> {
    return this.administration.remove(caller, 'user', id);
  }
}
