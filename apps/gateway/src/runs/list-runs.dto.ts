import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsString, Matches, MaxLength } from 'class-validator';
import { PHASES } from '@agent-forge/contracts';
import { MayBeAbsent } from '@agent-forge/runtime';
import type { RunState } from '@agent-forge/run';
import { CURSOR_PATTERN } from '../lists/cursor.js';
import { PageQueryDto } from '../page-query.dto.js';

const STATUSES = ['running', 'paused', 'completed', 'failed', 'cancelled'] as const satisfies RunState['status'][];
const PHASE_NAMES: readonly string[] = PHASES.map(({ name }) => name);
const SORTS = ['newest', 'oldest'] as const;
const time = { message: 'must be a time, for example 2026-01-31T12:00:00Z' };

/** The query of `GET /v1/runs`. */
export class ListRunsDto extends PageQueryDto {
  @ApiProperty({ required: false, description: 'What the page before gave as next.', pattern: CURSOR_PATTERN })
  @MayBeAbsent()
  @Matches(new RegExp(CURSOR_PATTERN), { message: 'must be what the page before gave as next' })
  after?: string;

  @ApiProperty({ required: false, enum: STATUSES })
  @MayBeAbsent()
  @IsIn(STATUSES, { message: `must be one of ${STATUSES.join(', ')}` })
  status?: RunState['status'];

  @ApiProperty({
    required: false,
    description: 'A part of the name; small and capital letters are the same.',
    maxLength: 200,
  })
  @MayBeAbsent()
  @IsString({ message: 'must be one text' })
  @MaxLength(200, { message: 'is over 200 characters' })
  name?: string;

  @ApiProperty({ required: false, description: 'A phase of the recipe.', enum: PHASE_NAMES })
  @MayBeAbsent()
  @IsIn(PHASE_NAMES, { message: `must be one of ${PHASE_NAMES.join(', ')}` })
  phase?: string;

  @ApiProperty({ required: false, description: 'Asked for at this time or later.', format: 'date-time' })
  @MayBeAbsent()
  @IsISO8601({ strict: true, strictSeparator: true }, time)
  since?: string;

  @ApiProperty({ required: false, description: 'Asked for before this time.', format: 'date-time' })
  @MayBeAbsent()
  @IsISO8601({ strict: true, strictSeparator: true }, time)
  until?: string;

  @ApiProperty({ required: false, enum: SORTS, default: 'newest' })
  @MayBeAbsent()
  @IsIn(SORTS, { message: `must be one of ${SORTS.join(', ')}` })
  sort: (typeof SORTS)[number] = 'newest';
}

/** Which runs a query asks for. */
export type RunFilter = Pick<ListRunsDto, 'status' | 'name' | 'phase' | 'since' | 'until'>;

/** Whether a run is among those that are asked for. */
export function isWanted({ status, name, phase, since, until }: RunFilter): (run: RunState) => boolean {
  const part = name?.toLowerCase();
  const [from, to] = [since, until].map((text) => (text === undefined ? undefined : Date.parse(text)));
  return (run) =>
    (status === undefined || run.status === status) &&
    (part === undefined || run.recipe.name.toLowerCase().includes(part)) &&
    (phase === undefined || run.phases.some((each) => each.phase === phase)) &&
    (from === undefined || Date.parse(run.requestedAt) >= from) &&
    (to === undefined || Date.parse(run.requestedAt) < to);
}
