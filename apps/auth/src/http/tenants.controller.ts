import { Body, Controller, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ForgeError, type Caller, type TenantList, type TenantView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { assertHost, isHost } from '../identities/administration.js';
import { Tenants } from '../identities/tenants.js';
import { TenantChangeDto, TenantRequestDto } from './identity.dto.js';

/** Tenants: made and stopped by admins of the first one; others see their own. */
@Controller('v1/tenants')
export class TenantsController {
  constructor(private readonly tenants: Tenants) {}

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

  @Get()
  async list(@CallerOf() caller: Caller): Promise<TenantList> {
    const tenants = await this.tenants.list();
    return { tenants: isHost(caller) ? tenants : tenants.filter(({ id }) => id === caller.tenant) };
  }

  @Patch(':id')
  change(
    @Param('id') id: string,
    @Body() { isDisabled }: TenantChangeDto,
    @CallerOf() caller: Caller,
  ): Promise<TenantView> {
    assertHost(caller);
    return this.tenants.disable(id, isDisabled);
  }
}
