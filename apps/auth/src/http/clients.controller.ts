import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller, ClientList, NewClient, PrincipalView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { Administration } from '../identities/administration.js';
import { ClientRequestDto, PrincipalChangeDto } from './identity.dto.js';
import { principalView } from './principal-view.js';
import { ApiDone } from '@agent-forge/runtime/openapi';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** Clients: service accounts, with secrets that we make. */
@ApiTags('clients')
@Controller('v1/clients')
export class ClientsController {
  constructor(private readonly administration: Administration) {}

  @ApiAnswer(201, 'NewClient', {
    summary: 'Makes a service account; the answer has its secret, this once.',
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
    isCreation: true,
  })
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

  @ApiAnswer(200, 'ClientList', {
    summary: 'The service accounts of the tenant; of all tenants, for admins of the first.',
    errors: [],
  })
  @Get()
  async list(@CallerOf() caller: Caller): Promise<ClientList> {
    return { clients: (await this.administration.list(caller, 'client')).map(principalView) };
  }

  @ApiAnswer(200, 'PrincipalView', { summary: 'One service account.', errors: ['NOT_FOUND'] })
  @Get(':client')
  async get(@Param('client') id: string, @CallerOf() caller: Caller): Promise<PrincipalView> {
    return principalView(await this.administration.get(caller, 'client', id));
  }

  @ApiAnswer(200, 'PrincipalView', {
    summary: 'Changes role or state of a service account; its tokens end.',
    errors: ['NOT_FOUND'],
  })
  @Patch(':client')
  async change(
    @Param('client') id: string,
    @Body() change: PrincipalChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<PrincipalView> {
    return principalView(await this.administration.change(caller, 'client', id, change));
  }

  @ApiAnswer(200, 'NewClient', {
    summary: 'Gives a service account another secret, this once; its tokens end.',
    errors: ['NOT_FOUND'],
  })
  @Post(':client(^[a-z0-9]+)::rotate')
  @HttpCode(200)
  async rotate(@Param('client') id: string, @CallerOf() caller: Caller): Promise<NewClient> {
    const { client, secret } = await this.administration.rotateSecret(caller, id);
    return { ...principalView(client), clientSecret: secret };
  }

  @ApiDone(204, { summary: 'Removes a service account with its API keys.', errors: ['NOT_FOUND'] })
  @Delete(':client')
  @HttpCode(204)
  remove(@Param('client') id: string, @CallerOf() caller: Caller): Promise<void> {
    return this.administration.remove(caller, 'client', id);
  }
}
