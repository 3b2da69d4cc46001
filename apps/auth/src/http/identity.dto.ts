import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import {
  ROLES,
  SCOPE_NAMES,
  type ClientRequest,
  type KeyRequest,
  type PasswordChange,
  type PrincipalChange,
  type Role,
  type Scope,
  type TenantChange,
  type TenantRequest,
  type UserRequest,
} from '@agent-forge/contracts';
import { MAX_PASSWORD_LENGTH } from '../secrets/password-rules.js';
import { MayBeAbsent } from '@agent-forge/runtime';

// Checks are made from the bottom up: the one of the type stands last, so that its complaint comes first.

const ID = /^[a-z0-9]{1,40}$/;
const ID_PROPERTY = { pattern: ID.source, description: '1 to 40 characters of a-z and 0-9.' };
const ROLE_PROPERTY = { enum: ROLES, description: 'What it may do.' };
const SCOPES_PROPERTY = {
  enum: SCOPE_NAMES,
  isArray: true,
  minItems: 1,
  uniqueItems: true,
  description: 'What its tokens are good for.',
};
const PASSWORD_PROPERTY = { maxLength: MAX_PASSWORD_LENGTH, description: 'Not too short, and none that is known.' };
const DISABLED_PROPERTY = { description: 'Whether it is let in no more.' };
const ID_PROBLEM = { message: 'must be 1 to 40 characters of a-z and 0-9' };
const ROLE_PROBLEM = { message: `must be one of ${ROLES.join(', ')}` };
const SCOPE_PROBLEM = { each: true, message: `must be some of ${SCOPE_NAMES.join(', ')}` };
const PASSWORD_PROBLEM = { message: `is over ${MAX_PASSWORD_LENGTH} characters` };
const TEXT_PROBLEM = { message: 'must be a text' };

/** The body of `POST /v1/users`. */
export class UserRequestDto implements UserRequest {
  @ApiProperty(ID_PROPERTY)
  @Matches(ID, ID_PROBLEM)
  id!: string;

  @ApiProperty(ROLE_PROPERTY)
  @IsIn(ROLES, ROLE_PROBLEM)
  role!: Role;

  @ApiProperty(PASSWORD_PROPERTY)
  @MaxLength(MAX_PASSWORD_LENGTH, PASSWORD_PROBLEM)
  @IsString(TEXT_PROBLEM)
  password!: string;

  @ApiProperty({ required: false, ...ID_PROPERTY })
  @MayBeAbsent()
  @Matches(ID, ID_PROBLEM)
  tenant?: string;
}

/** The body of `POST /v1/clients`. */
export class ClientRequestDto implements ClientRequest {
  @ApiProperty(ID_PROPERTY)
  @Matches(ID, ID_PROBLEM)
  id!: string;

  @ApiProperty(ROLE_PROPERTY)
  @IsIn(ROLES, ROLE_PROBLEM)
  role!: Role;

  @ApiProperty({ required: false, ...ID_PROPERTY })
  @MayBeAbsent()
  @Matches(ID, ID_PROBLEM)
  tenant?: string;

  @ApiProperty({ required: false, ...SCOPES_PROPERTY })
  @MayBeAbsent()
  @IsIn(SCOPE_NAMES, SCOPE_PROBLEM)
  @ArrayUnique({ message: 'names a scope twice' })
  @ArrayMinSize(1, { message: 'is empty; leave it out for all' })
  @IsArray({ message: 'must be a list' })
  scopes?: Scope[];
}

/** The body of `PATCH /v1/users/{id}` and `/v1/clients/{id}`. */
export class PrincipalChangeDto implements PrincipalChange {
  @ApiProperty({ required: false, ...ROLE_PROPERTY })
  @MayBeAbsent()
  @IsIn(ROLES, ROLE_PROBLEM)
  role?: Role;

  @ApiProperty({ required: false, ...DISABLED_PROPERTY })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  isDisabled?: boolean;
}

/** The body of `POST /v1/users/{id}:password`. */
export class PasswordResetDto {
  @ApiProperty(PASSWORD_PROPERTY)
  @MaxLength(MAX_PASSWORD_LENGTH, PASSWORD_PROBLEM)
  @IsString(TEXT_PROBLEM)
  password!: string;
}

/** The body of `POST /v1/me/password`. */
export class PasswordChangeDto implements PasswordChange {
  @ApiProperty(PASSWORD_PROPERTY)
  @MaxLength(MAX_PASSWORD_LENGTH, PASSWORD_PROBLEM)
  @IsString(TEXT_PROBLEM)
  current!: string;

  @ApiProperty(PASSWORD_PROPERTY)
  @MaxLength(MAX_PASSWORD_LENGTH, PASSWORD_PROBLEM)
  @IsString(TEXT_PROBLEM)
  next!: string;
}

/** The body of `POST /v1/keys`. */
export class KeyRequestDto implements KeyRequest {
  @ApiProperty({ minLength: 1, maxLength: 100, description: 'For people.' })
  @MaxLength(100, { message: 'is over 100 characters' })
  @MinLength(1, { message: 'is empty' })
  @IsString(TEXT_PROBLEM)
  name!: string;

  @ApiProperty(SCOPES_PROPERTY)
  @IsIn(SCOPE_NAMES, SCOPE_PROBLEM)
  @ArrayUnique({ message: 'names a scope twice' })
  @ArrayMinSize(1, { message: 'is empty' })
  @IsArray({ message: 'must be a list' })
  scopes!: Scope[];

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: 366,
    default: 90,
    description: 'When it ends, in days.',
  })
  @MayBeAbsent()
  @Max(366, { message: 'must be at most 366' })
  @Min(1, { message: 'must be at least 1' })
  @IsInt({ message: 'must be a whole number' })
  days?: number;
}

/** The query of `GET /v1/keys`. */
export class KeyQueryDto {
  @ApiProperty({ required: false, enum: ['true', 'false'], description: 'Also those of others, for admins.' })
  @MayBeAbsent()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  all?: string;
}

/** The body of `POST /v1/tenants`. */
export class TenantRequestDto implements TenantRequest {
  @ApiProperty(ID_PROPERTY)
  @Matches(ID, ID_PROBLEM)
  id!: string;
}

/** The body of `PATCH /v1/tenants/{id}`. */
export class TenantChangeDto implements TenantChange {
  @ApiProperty(DISABLED_PROPERTY)
  @IsBoolean({ message: 'must be true or false' })
  isDisabled!: boolean;
}
