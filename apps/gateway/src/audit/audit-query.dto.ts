import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { MayBeAbsent } from '@agent-forge/runtime';
import { PageQueryDto } from '../page-query.dto.js';

/** The query of `GET /v1/audit`. */
export class AuditQueryDto extends PageQueryDto {
  @ApiProperty({
    required: false,
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'The sequence that the page before gave as next.',
  })
  @MayBeAbsent()
  @Type(() => Number)
  @Min(0, { message: 'must be at least 0' })
  @Max(Number.MAX_SAFE_INTEGER, { message: 'is no sequence' })
  @IsInt({ message: 'must be a whole number' })
  after = 0;
}
