import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ForgeError, isId, type Caller, type KeyList, type KeyView, type NewKey } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { isHost, mayManage } from '../identities/administration.js';
import { ApiKeys, type ApiKey } from '../identities/api-keys.js';
import { KeyQueryDto, KeyRequestDto } from './identity.dto.js';
import { ApiDone } from '@agent-forge/runtime/openapi';
import { ApiTags } from '@nestjs/swagger';
import { ApiAnswer } from '../docs/decorators.js';

const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;

/** API keys: everybody's own; admins see and revoke those of others. */
@ApiTags('keys')
@Controller('v1/keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeys) {}

  @ApiAnswer(201, 'NewKey', {
    summary: 'Makes an API key of the caller; the answer has its text, this once.',
    errors: ['INVALID_ARGUMENT'],
    isCreation: true,
  })
  @Post()
  @HttpCode(201)
  async create(
    @Body() { name, scopes, days = DEFAULT_DAYS }: KeyRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewKey> {
    if (!isId(caller.subject)) throw new ForgeError('FORBIDDEN', 'keys are for users and clients of this service');
    const over = scopes.find((scope) => !caller.scopes.includes(scope));
    if (over !== undefined) throw new ForgeError('FORBIDDEN', `scopes: your own token is not good for ${over}`);
    // Otherwise whoever finds a key makes another one that outlives it.
    if (scopes.includes('account')) throw new ForgeError('INVALID_ARGUMENT', 'scopes: no key can make keys (account)');
    const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString();
    const { subject: owner, tenant } = caller;
    const { key, text } = await this.keys.make({ owner, tenant, name, scopes, expiresAt });
    void reply.header('location', `/v1/keys/${key.id}`);
    return { ...viewOf(key), key: text };
  }

  @ApiAnswer(200, 'KeyList', { summary: "The caller's API keys, or all of the tenant.", errors: [] })
  @Get()
  async list(@Query() { all }: KeyQueryDto, @CallerOf() caller: Caller): Promise<KeyList> {
    const isAll = all === 'true';
    if (isAll && !caller.scopes.includes('identities:read'))
      throw new ForgeError('FORBIDDEN', 'keys of others need the scope identities:read');
    const whose = isAll ? { tenant: isHost(caller) ? undefined : caller.tenant } : { owner: caller.subject };
    return { keys: (await this.keys.list(whose)).map(viewOf) };
  }

  @ApiDone(204, { summary: 'Ends an API key, everywhere within seconds.', errors: ['NOT_FOUND'] })
  @Delete(':key')
  @HttpCode(204)
  async revoke(@Param('key') id: string, @CallerOf() caller: Caller): Promise<void> {
    const key = isId(id) ? await this.keys.get(id) : undefined;
    const isOwn = key?.owner === caller.subject;
    const isManaged = key && caller.scopes.includes('identities:write') && mayManage(caller, key.tenant);
    if (!key || !(isOwn || isManaged)) throw new ForgeError('NOT_FOUND', 'there is no such key');
    await this.keys.revoke(key);
  }
}

function viewOf({ id, name, owner, scopes, createdAt, expiresAt }: ApiKey): KeyView {
  return { id, name, owner, scopes: [...scopes], createdAt, expiresAt };
}
