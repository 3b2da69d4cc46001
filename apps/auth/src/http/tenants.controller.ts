import { Body, Controller, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ForgeError, type Caller, type TenantList, type TenantView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { assertHost, isHost } from '../identities/administration.js';
import { Tenants } from '../identities/tenants.js';
import { TenantChangeDto, TenantRequestDto } from './identity.dto.js';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

/** Tenants: made and stopped by admins of the first one; others see their own. */
@ApiTags('tenants')
@Controller('v1/tenants')
export class TenantsController {
  constructor(private readonly tenants: Tenants) {}

  @ApiAnswer(201, 'TenantView', {
    summary: 'Makes a tenant; for admins of the first.',
    errors: ['INVALID_ARGUMENT'],
    isCreation: true,
  })
  @Post()
  @HttpCode(201)
  async create(
    @Body() { id }: TenantRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    assertHost(caller);
    const tenant = await this.tenants.add(id, caller.subject);
    if (tenant === undefined) throw new ForgeError('INVALID_ARGUMENT', 'id: there is a tenant of this name already');
    void reply.header('location', `/v1/tenants/${id}`);
    return tenant;
  }

  @ApiAnswer(200, 'TenantList', { summary: 'All tenants, for admins of the first; for others their own.', errors: [] })
  @Get()
  async list(@CallerOf() caller: Caller): Promise<TenantList> {
    const tenants = await this.tenants.list();
    return { tenants: isHost(caller) ? tenants : tenants.filter(({ id }) => id === caller.tenant) };
  }

  @ApiAnswer(200, 'TenantView', {
    summary: 'Lets nobody of a tenant in, or lets them in again.',
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
  })
  @Patch(':tenant')
  change(
    @Param('tenant') id: string,
    @Body() { isDisabled }: TenantChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<TenantView> {
    assertHost(caller);
    return this.tenants.disable(id, isDisabled);
  }
}
