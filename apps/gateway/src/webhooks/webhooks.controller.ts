import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type {
  Caller,
  DeliveryList,
  DeliveryView,
  ErrorCode,
  NewWebhook,
  WebhookList,
  WebhookView,
} from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { ApiProblems } from '@agent-forge/runtime/openapi';
import { ApiAnswer } from '../docs/decorators.js';
import { madeIdOf } from '../repeats/made-ids.js';
import { Conditional, ConditionalOf } from '../versions/conditional.js';
import { ApiIfMatch, ApiVersioned } from '../versions/decorators.js';
import { DeliveriesQueryDto, WebhookRequestDto } from './webhook-request.dto.js';
import { Webhooks } from './webhooks.js';

const ERRORS: ErrorCode[] = ['NOT_FOUND', 'BROKER_UNAVAILABLE'];

/** Webhooks: make, look at and remove them, and what became of their deliveries. */
@ApiTags('webhooks')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: Webhooks) {}

  @Post()
  @HttpCode(201)
  @ApiAnswer(201, 'NewWebhook', {
    summary: 'Have events sent to a URL. The answer is the only one that has the secret.',
    description: 'The webhook with its secret.',
    isCreation: true,
    errors: ['INVALID_ARGUMENT', 'BROKER_UNAVAILABLE'],
  })
  async create(
    @Body() request: WebhookRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewWebhook> {
    const webhook = await this.webhooks.create(caller, request, madeIdOf(reply.request).id);
    void reply.header('location', `/v1/webhooks/${webhook.id}`);
    return webhook;
  }

  @Get()
  @ApiAnswer(200, 'WebhookList', { summary: 'All webhooks, oldest first.', errors: ['BROKER_UNAVAILABLE'] })
  async list(@CallerOf() caller: Caller): Promise<WebhookList> {
    return { webhooks: await this.webhooks.list(caller) };
  }

  @Get(':webhook')
  @ApiAnswer(200, 'WebhookView', { summary: 'One webhook.', errors: ERRORS })
  @ApiVersioned()
  async get(
    @Param('webhook') id: string,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<WebhookView | undefined> {
    const webhook = await this.webhooks.get(caller, id);
    return conditional.show(versionOf(webhook), webhook);
  }

  @Delete(':webhook')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a webhook, with what waits to be delivered and the log of what was.' })
  @ApiResponse({ status: 204, description: 'It is gone.' })
  @ApiProblems(ERRORS)
  @ApiIfMatch()
  async remove(
    @Param('webhook') id: string,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<void> {
    conditional.assertMatch(versionOf(await this.webhooks.get(caller, id)));
    await this.webhooks.remove(caller, id);
  }

  @Get(':webhook/deliveries')
  @ApiAnswer(200, 'DeliveryList', {
    summary: 'What became of the events of the last 7 days, newest first.',
    errors: [...ERRORS, 'INVALID_ARGUMENT'],
  })
  deliveries(
    @Param('webhook') id: string,
    @Query() { limit, after }: DeliveriesQueryDto,
    @CallerOf() caller: Caller,
  ): Promise<DeliveryList> {
    return this.webhooks.deliveries(caller, id, limit, after);
  }

  @Post(':webhook/deliveries/:delivery(^[a-z0-9]+)::redeliver')
  @HttpCode(202)
  @ApiAnswer(202, 'DeliveryView', {
    summary: 'Deliver an event once more, with as many attempts as at first.',
    description: 'The delivery, which is pending again.',
    errors: ERRORS,
  })
  redeliver(
    @Param('webhook') id: string,
    @Param('delivery') delivery: string,
    @CallerOf() caller: Caller,
  ): Promise<DeliveryView> {
    return this.webhooks.redeliver(caller, id, delivery);
  }
}

/** A webhook never changes between its creation and its end. */
function versionOf({ id }: WebhookView): string {
  return id;
}
