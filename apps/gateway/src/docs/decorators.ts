import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { ApiAnswer as ApiAnswerOf } from '@agent-forge/runtime/openapi';
import type { SchemaName } from './schemas.js';

/** Describes a route that answers with JSON of one of our schemas. */
export const ApiAnswer = ApiAnswerOf<SchemaName>;

/** Describes a body of files, one part for each. @param plain a type that is taken besides, as one file without a name */
export function ApiFiles(description: string, plain?: string): MethodDecorator {
  const parts = { type: 'array', items: { type: 'string', format: 'binary' }, description } as const;
  return applyDecorators(
    ApiConsumes('multipart/form-data', ...(plain ? [plain] : [])),
    ApiBody({ description, required: true, schema: { type: 'object', properties: { files: parts } } }),
  );
}
