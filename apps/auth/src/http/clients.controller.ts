import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller, ClientList, NewClient, PrincipalView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { ClientRequestDto, PrincipalChangeDto } from './identity.dto.js';
import { principalView } from './principal-view.js';

/** Clients: service accounts, with secrets that we make. */
@Controller('v1/clients')
export class ClientsController {
  constructor(private readonly administration: Administration) {}

  @Post()
  @HttpCode(201)
  async create(
    @Body() request: ClientRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewClient> {
    const { client, secret } = await this.administration.addClient(caller, request);
    void reply.header('location', `/v1/clients/${client.id}`);
    return { ...principalView(client), clientSecret: secret };
  }

  @Get()
  async list(@CallerOf() caller: Caller): Promise<ClientList> {
    return { clients: (await this.administration.list(caller, 'client')).map(principalView) };
  }

  @Get(':id')
  async get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<PrincipalView> {
    return principalView(await this.administration.get(caller, 'client', id));
  }

  @Patch(':id')
  async change(
    @Param('id') id: string,
    @Body() change: PrincipalChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<PrincipalView> {
    return principalView(await this.administration.change(caller, 'client', id, change));
  }

  @Post(':id(^[a-z0-9]+)::rotate')
  @HttpCode(200)
  async rotate(@Param('id') id: string, @CallerOf() caller: Caller): Promise<NewClient> {
    const { client, secret } = await this.administration.rotateSecret(caller, id);
    return { ...principalView(client), clientSecret: secret };
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string, @CallerOf() caller: Caller): Promise<void> {
    return this.administration.remove(caller, 'client', id);
  }
}
