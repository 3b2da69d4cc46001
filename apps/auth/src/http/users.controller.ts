import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller, PrincipalView, UserList } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { PasswordResetDto, PrincipalChangeDto, UserRequestDto } from './identity.dto.js';
import { principalView } from './principal-view.js';

/** Users: people, who log in with passwords. */
@Controller('v1/users')
export class UsersController {
  constructor(private readonly administration: Administration) {}

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

  @Get()
  async list(@CallerOf() caller: Caller): Promise<UserList> {
    return { users: (await this.administration.list(caller, 'user')).map(principalView) };
  }

  @Get(':id')
  async get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<PrincipalView> {
    return principalView(await this.administration.get(caller, 'user', id));
  }

  @Patch(':id')
  async change(
    @Param('id') id: string,
    @Body() change: PrincipalChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<PrincipalView> {
    return principalView(await this.administration.change(caller, 'user', id, change));
  }

  @Post(':id(^[a-z0-9]+)::password')
  @HttpCode(204)
  resetPassword(
    @Param('id') id: string,
    @Body() { password }: PasswordResetDto,
    @CallerOf() caller: Caller,
  ): Promise<void> {
    return this.administration.resetPassword(caller, id, password);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string, @CallerOf() caller: Caller): Promise<void> {
    return this.administration.remove(caller, 'user', id);
  }
}
