import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsPositive,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  MAX_RECIPE_DATA,
  MAX_RECIPE_PHASES,
  PHASES,
  UNPRINTABLE,
  type BudgetRequest,
  type RedoRequest,
  type RunDataRequest,
  type RunModelRequest,
  type RunPhaseRequest,
  type RunRequest,
} from '@agent-forge/contracts';
import { MayBeAbsent } from '@agent-forge/runtime';

// Checks are made from the bottom up: the one of the type stands last, so that its complaint comes first.

/** People read it in lists. */
const MAX_NAME_LENGTH = 200;
/** Why a run was cancelled is a sentence or two. */
const MAX_REASON_LENGTH = 1_000;
const MAX_SEED = 0xffffffff;
/** Names and reasons are shown in terminals and logs. */
const ONE_LINE = new RegExp(`^(?:(?!${UNPRINTABLE.source}).)*$`, 'u');
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** SHA-256, as ids of artifacts are. */
export const DIGEST = /^[0-9a-f]{64}$/;
const PHASE = /^[a-z0-9]{1,40}$/;
const ONE_LINE_ONLY = { message: 'must be one line without control characters' };

/** A data set of a run. */
export class RunDataDto implements RunDataRequest {
  @ApiProperty({ description: 'The name that parameters use to refer to it.', example: 'book', pattern: NAME.source })
  @Matches(NAME, { message: 'must be 1 to 64 letters, digits, "_", "-" or "."' })
  name!: string;

  @ApiProperty({ description: 'Id of an artifact of kind "dataset", as the upload gives it.', pattern: DIGEST.source })
  @Matches(DIGEST, { message: 'must be 64 hexadecimal digits (upload the data first)' })
  artifactId!: string;
}

/** A model that a run imports. */
export class RunModelDto implements RunModelRequest {
  @ApiProperty({
    description: 'The name that parameters use to refer to it.',
    example: 'parent-a',
    pattern: NAME.source,
  })
  @Matches(NAME, { message: 'must be 1 to 64 letters, digits, "_", "-" or "."' })
  name!: string;

  @ApiProperty({ description: 'Id of an artifact of kind "model", as the upload gives it.', pattern: DIGEST.source })
  @Matches(DIGEST, { message: 'must be 64 hexadecimal digits (upload the model first)' })
  artifactId!: string;
}

/** What a run may use. */
export class BudgetDto implements BudgetRequest {
  @ApiProperty({ required: false, exclusiveMinimum: 0 as unknown as boolean, description: 'Of all phases together.' })
  @MayBeAbsent()
  @IsPositive({ message: 'must be a number over 0' })
  seconds?: number;

  @ApiProperty({ required: false, exclusiveMinimum: 0 as unknown as boolean, description: 'Of the largest phase.' })
  @MayBeAbsent()
  @IsPositive({ message: 'must be a number over 0' })
  memoryMib?: number;

  @ApiProperty({
    required: false,
    exclusiveMinimum: 0 as unknown as boolean,
    description: 'Of everything that is stored.',
  })
  @MayBeAbsent()
  @IsPositive({ message: 'must be a number over 0' })
  diskMib?: number;
}

/** A phase of a run. */
export class RunPhaseDto implements RunPhaseRequest {
  @ApiProperty({ enum: PHASES.map(({ name }) => name) })
  @MaxLength(40, { message: 'must be the name of a phase' })
  @IsString({ message: 'must be the name of a phase' })
  phase!: string;

  @ApiProperty({
    required: false,
    type: Object,
    additionalProperties: true,
    description: 'What is left out takes its default.',
  })
  @MayBeAbsent()
  @IsObject({ message: 'must be an object' })
  params?: NonNullable<RunPhaseRequest['params']>;

  @ApiProperty({ required: false, default: false, description: 'Whether the phase may use its declared fallback.' })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  allowFallback?: boolean;

  @ApiProperty({
    required: false,
    type: Object,
    additionalProperties: { type: 'object', properties: { min: { type: 'number' }, max: { type: 'number' } } },
    description: 'Bounds that metrics of the phase must keep, by name of the metric.',
  })
  @MayBeAbsent()
  @IsObject({ message: 'must be an object' })
  gates?: NonNullable<RunPhaseRequest['gates']>;
}

/** The body of `POST /v1/runs`. */
export class RunRequestDto implements RunRequest {
  @ApiProperty({ required: false, maxLength: MAX_NAME_LENGTH, description: 'A name for people.' })
  @MayBeAbsent()
  @Matches(ONE_LINE, ONE_LINE_ONLY)
  @MaxLength(MAX_NAME_LENGTH, { message: `is over ${MAX_NAME_LENGTH} characters` })
  @IsString({ message: 'must be a text' })
  name?: string;

  @ApiProperty({
    required: false,
    type: 'integer',
    default: 1,
    minimum: 0,
    maximum: MAX_SEED,
    description: 'Every random number is derived from it.',
  })
  @MayBeAbsent()
  @Min(0, { message: 'must be at least 0' })
  @Max(MAX_SEED, { message: `must be at most ${MAX_SEED}` })
  @IsInt({ message: 'must be a whole number' })
  seed?: number;

  @ApiProperty({ required: false, type: [RunDataDto], maxItems: MAX_RECIPE_DATA })
  @MayBeAbsent()
  @ArrayMaxSize(MAX_RECIPE_DATA, { message: `has over ${MAX_RECIPE_DATA} entries` })
  @ValidateNested({ each: true, message: 'must be objects' })
  @Type(() => RunDataDto)
  @IsArray({ message: 'must be a list' })
  data?: RunDataDto[];

  @ApiProperty({
    required: false,
    type: Object,
    additionalProperties: { type: 'number' },
    description: 'Task families that models are trained and measured on, with their weights in the mix.',
  })
  @MayBeAbsent()
  @IsObject({ message: 'must be an object' })
  families?: Record<string, number>;

  @ApiProperty({ required: false, type: [RunModelDto], maxItems: MAX_RECIPE_DATA })
  @MayBeAbsent()
  @ArrayMaxSize(MAX_RECIPE_DATA, { message: `has over ${MAX_RECIPE_DATA} entries` })
  @ValidateNested({ each: true, message: 'must be objects' })
  @Type(() => RunModelDto)
  @IsArray({ message: 'must be a list' })
  models?: RunModelDto[];

  @ApiProperty({ required: false, type: BudgetDto })
  @MayBeAbsent()
  @ValidateNested({ message: 'must be an object' })
  @Type(() => BudgetDto)
  budget?: BudgetDto;

  @ApiProperty({
    type: [RunPhaseDto],
    minItems: 1,
    maxItems: MAX_RECIPE_PHASES,
    description: 'In the order in which they run.',
  })
  @ArrayMinSize(1, { message: 'is empty; name at least one phase' })
  @ArrayMaxSize(MAX_RECIPE_PHASES, { message: `has over ${MAX_RECIPE_PHASES} entries` })
  @ValidateNested({ each: true, message: 'must be objects' })
  @Type(() => RunPhaseDto)
  @IsArray({ message: 'must be a list of phases' })
  phases!: RunPhaseDto[];
}

/** The body of `POST /v1/runs/{run}:retry` and `:fork`. */
export class RedoDto implements RedoRequest {
  @ApiProperty({ description: 'The phase to do anew, and all behind it.', example: 'evomerge', pattern: PHASE.source })
  @Matches(PHASE, { message: 'must be the name of a phase' })
  phase!: string;

  @ApiProperty({
    required: false,
    type: Object,
    additionalProperties: true,
    description: 'Parameters that replace those of the phase, one by one.',
  })
  @MayBeAbsent()
  @IsObject({ message: 'must be an object' })
  params?: NonNullable<RedoRequest['params']>;
}

/** The body of `POST /v1/runs/{run}:cancel` and `:pause`. */
export class ReasonDto {
  @ApiProperty({ required: false, maxLength: MAX_REASON_LENGTH })
  @MayBeAbsent()
  @Matches(ONE_LINE, ONE_LINE_ONLY)
  @MaxLength(MAX_REASON_LENGTH, { message: `is over ${MAX_REASON_LENGTH} characters` })
  @IsString({ message: 'must be a text' })
  reason?: string;
}
