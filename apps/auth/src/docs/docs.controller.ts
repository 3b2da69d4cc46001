import { Controller, Get } from '@nestjs/common';
import { ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import { ApiDocument } from '@agent-forge/runtime/openapi';
import { ApiAnswer } from './decorators.js';

/** Describes the API for programs; people read docs/guides/identities.md. */
@ApiTags('docs')
@Controller('docs')
export class DocsController {
  constructor(private readonly api: ApiDocument) {}

  @Get('json')
  @ApiAnswer(200, 'OpenApi', { summary: 'This description, as an OpenAPI document.', errors: [] })
  openApi(): OpenAPIObject {
    return this.api.get();
  }
}
