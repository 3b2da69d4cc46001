import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { ForgeError } from '@agent-forge/contracts';

/** The OpenAPI document, made out of the routes once they are all there. */
export class ApiDocument {
  document: OpenAPIObject | undefined;
}

/** Describes the API to programs. */
@ApiExcludeController()
@Controller('docs')
export class DocsController {
  constructor(private readonly api: ApiDocument) {}

  @Get()
  openApi(): OpenAPIObject {
    if (this.api.document === undefined)
      throw new ForgeError('INTERNAL', 'the OpenAPI document was not made at the start');
    return this.api.document;
  }
}
