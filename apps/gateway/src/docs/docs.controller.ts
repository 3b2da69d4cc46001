import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiResponse, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import { ForgeError } from '@agent-forge/contracts';
import { ApiDocument, ApiProblems } from '@agent-forge/runtime/openapi';
import { ApiAnswer } from './decorators.js';
import { PAGE, PAGE_POLICY, PAGE_SCRIPT } from './page.js';

const require = createRequire(import.meta.url);
/** The files of the page, all of this machine: a name is looked up here and nowhere else. */
const FILES: Readonly<Record<string, { type: string; open(): StreamableFile }>> = {
  'swagger-ui.css': { type: 'text/css; charset=utf-8', open: () => packaged('swagger-ui.css') },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', open: () => packaged('swagger-ui-bundle.js') },
  'page.js': { type: 'text/javascript; charset=utf-8', open: () => new StreamableFile(Buffer.from(PAGE_SCRIPT)) },
};

/** Describes the API: a page for people, a document for programs. Browsers log in with id and secret of a client. */
@ApiTags('docs')
@Controller('docs')
export class DocsController {
  constructor(private readonly api: ApiDocument) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  @ApiOperation({ summary: 'This description, as a page.' })
  @ApiProduces('text/html')
  @ApiResponse({ status: 200, description: 'The page.', schema: { type: 'string' } })
  page(): string {
    return PAGE;
  }

  @Get('json')
  @ApiAnswer(200, 'OpenApi', { summary: 'This description, as an OpenAPI document.', errors: [] })
  openApi(): OpenAPIObject {
    return this.api.get();
  }

  @Get('ui/:file')
  @ApiOperation({ summary: 'A file of the page.' })
  @ApiParam({ name: 'file', enum: Object.keys(FILES) })
  @ApiProduces('text/css', 'text/javascript')
  @ApiResponse({ status: 200, description: 'The file.', schema: { type: 'string' } })
  @ApiProblems(['NOT_FOUND'])
  file(@Param('file') name: string): StreamableFile {
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (file === undefined) throw new ForgeError('NOT_FOUND', 'there is no such file');
    const opened = file.open();
    opened.options.type = file.type;
    return opened;
  }
}

function packaged(name: string): StreamableFile {
  return new StreamableFile(createReadStream(require.resolve(`swagger-ui-dist/${name}`)));
}
