import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { MayBeAbsent } from '@agent-forge/runtime';

/** How much of a list is asked for; where it goes on is for each list to say. */
export class PageQueryDto {
  @ApiProperty({ required: false, type: 'integer', default: 50, minimum: 1, maximum: 200 })
  @MayBeAbsent()
  @Type(() => Number)
  @Min(1, { message: 'must be at least 1' })
  @Max(200, { message: 'must be at most 200' })
  @IsInt({ message: 'must be a whole number' })
  limit = 50;
}
