import { ApiProperty, IntersectionType, OmitType } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { PhaseRunRequest } from '@agent-forge/contracts';
import { MayBeAbsent } from '@agent-forge/runtime';
import { DIGEST, RunPhaseDto, RunRequestDto } from '../runs/run-request.dto.js';

/** The body of `POST /v1/phases/{phase}/runs`: that of a run, with the phase's own in place of the phases. */
export class PhaseRunRequestDto
  extends IntersectionType(OmitType(RunRequestDto, ['phases']), OmitType(RunPhaseDto, ['phase']))
  implements PhaseRunRequest
{
  @ApiProperty({
    required: false,
    description: 'Id of the model that the phase works on; models, for several.',
    pattern: DIGEST.source,
  })
  @MayBeAbsent()
  @Matches(DIGEST, { message: 'must be 64 hexadecimal digits (upload the model first)' })
  artifactId?: string;
}
