import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ForgeError, type Caller, type PhaseDescription, type PhaseList, type RunView } from '@agent-forge/contracts';
import { describePhase, phases, type Phase } from '@agent-forge/phases';
import { CallerOf } from '@agent-forge/runtime';
import { ApiAnswer } from '../docs/decorators.js';
import { REQUEST_ERRORS } from '../runs/request-errors.js';
import { RunRequests } from '../runs/run-requests.js';
import { PhaseRunRequestDto } from './phase-run-request.dto.js';

/** What a single model is called in a run of one phase. */
const INPUT = 'input';

/** What a recipe may ask for, and runs of one phase. */
@ApiTags('phases')
@Controller('v1/phases')
export class PhasesController {
  constructor(private readonly requests: RunRequests) {}

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
    return describePhase(phaseNamed(name));
  }

  @Post(':phase/runs')
  @HttpCode(202)
  @ApiAnswer(202, 'RunView', {
    summary: 'Ask for a run of one phase alone, on a model that is stored.',
    description: 'The run, which works on by itself.',
    isCreation: true,
    errors: [...REQUEST_ERRORS, 'NOT_FOUND'],
  })
  run(
    @Param('phase') name: string,
    @Body() { artifactId, models, params, allowFallback, gates, ...request }: PhaseRunRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const { name: phase } = phaseNamed(name);
    if (artifactId !== undefined && models !== undefined)
      throw new ForgeError('INVALID_ARGUMENT', 'give artifactId for one model or models for several, not both');
    const inputs = artifactId === undefined ? models : [{ name: INPUT, artifactId }];
    return this.requests.accept(
      caller,
      {
        ...request,
        ...(inputs === undefined ? {} : { models: inputs }),
        phases: [
          {
            phase,
            ...(params === undefined ? {} : { params }),
            ...(allowFallback === undefined ? {} : { allowFallback }),
            ...(gates === undefined ? {} : { gates }),
          },
        ],
      },
      reply,
    );
  }
}

/** @throws ForgeError NOT_FOUND */
function phaseNamed(name: string): Phase {
  const phase = phases.find((candidate) => candidate.name === name);
  if (phase !== undefined) return phase;
  throw new ForgeError('NOT_FOUND', `there is no such phase; there are ${phases.map((each) => each.name).join(', ')}`);
}
