import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import type { LoginRequest } from '@agent-forge/contracts';
import { MAX_PASSWORD_LENGTH } from '../secrets/password-rules.js';
import { MayBeAbsent } from '@agent-forge/runtime';

// Checks are made from the bottom up: the one of the type stands last, so that its complaint comes first.

/** The body of `POST /v1/login`. */
export class LoginDto implements LoginRequest {
  @ApiProperty({ maxLength: 40, description: 'The name of a user.' })
  @MaxLength(40, { message: 'is no name of a user' })
  @IsString({ message: 'must be a text' })
  user!: string;

  @ApiProperty({ maxLength: MAX_PASSWORD_LENGTH, description: 'Its password.' })
  @MaxLength(MAX_PASSWORD_LENGTH, { message: `is over ${MAX_PASSWORD_LENGTH} characters` })
  @IsString({ message: 'must be a text' })
  password!: string;

  @ApiProperty({
    required: false,
    maxLength: 500,
    description: 'What the tokens are to be good for, with blanks between (default: all that the user may).',
  })
  @MayBeAbsent()
  @MaxLength(500, { message: 'is over 500 characters' })
  @IsString({ message: 'must be a text' })
  scope?: string;
}
