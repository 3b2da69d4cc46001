import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ForgeError, type PhaseDescription, type PhaseList } from '@agent-forge/contracts';
import { describePhase, phases } from '@agent-forge/phases';
import { ApiAnswer } from '../docs/decorators.js';

/** What a recipe may ask for. */
@ApiTags('phases')
@Controller('v1/phases')
export class PhasesController {
  @Get()
  @ApiAnswer(200, 'PhaseList', {
    summary: 'The phases in the order of the pipeline, each with the JSON Schema of its parameters.',
    errors: [],
  })
  list(): PhaseList {
    return { phases: phases.map(describePhase) };
  }

  @Get(':phase')
  @ApiAnswer(200, 'PhaseDescription', { summary: 'One phase.', errors: ['NOT_FOUND'] })
  get(@Param('phase') name: string): PhaseDescription {
    const phase = phases.find((candidate) => candidate.name === name);
    if (phase !== undefined) return describePhase(phase);
    throw new ForgeError(
      'NOT_FOUND',
      `there is no such phase; there are ${phases.map((each) => each.name).join(', ')}`,
    );
  }
}
