import { ApiProperty } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { WEBHOOK_EVENTS, type WebhookEvent, type WebhookRequest } from '@agent-forge/contracts';
import { MayBeAbsent } from '@agent-forge/runtime';
import { PageQueryDto } from '../page-query.dto.js';

// Checks are made from the bottom up: the one of the type stands last, so that its complaint comes first.

/** What browsers and servers take without fail. */
const MAX_URL_LENGTH = 2_000;
const ID = /^[a-z0-9]{1,40}$/;

/** The body of `POST /v1/webhooks`. */
export class WebhookRequestDto implements WebhookRequest {
  @ApiProperty({
    description: 'An https URL of a public address, without a login.',
    example: 'https://example.com/forge',
    maxLength: MAX_URL_LENGTH,
  })
  @MaxLength(MAX_URL_LENGTH, { message: `is over ${MAX_URL_LENGTH} characters` })
  @IsString({ message: 'must be a text' })
  url!: string;

  @ApiProperty({
    required: false,
    enum: WEBHOOK_EVENTS,
    isArray: true,
    minItems: 1,
    uniqueItems: true,
    description: 'What is sent (default: all).',
  })
  @MayBeAbsent()
  @IsIn(WEBHOOK_EVENTS, { each: true, message: `must be some of ${WEBHOOK_EVENTS.join(', ')}` })
  @ArrayUnique({ message: 'names an event twice' })
  @ArrayMinSize(1, { message: 'is empty; leave it out for all' })
  @IsArray({ message: 'must be a list' })
  events?: WebhookEvent[];
}

/** The query of `GET /v1/webhooks/{webhook}/deliveries`. */
export class DeliveriesQueryDto extends PageQueryDto {
  @ApiProperty({ required: false, description: 'The id that the page before gave as next.', pattern: ID.source })
  @MayBeAbsent()
  @Matches(ID, { message: 'must be the id of a delivery' })
  after?: string;
}
