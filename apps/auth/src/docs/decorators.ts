import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiResponse } from '@nestjs/swagger';
import { ApiAnswer as ApiAnswerOf, schemaRef } from '@agent-forge/runtime/openapi';
import type { SchemaName } from './schemas.js';

/** Describes a route that answers with JSON of one of our schemas. */
export const ApiAnswer = ApiAnswerOf<SchemaName>;

/** Describes an endpoint of OAuth 2.0: a form in, and errors in OAuth's own form besides ours. */
export function ApiForm(schema: SchemaName): MethodDecorator {
  const refused = { 'application/json': { schema: schemaRef('OAuthProblem') } };
  return applyDecorators(
    ApiConsumes('application/x-www-form-urlencoded'),
    ApiBody({ required: true, schema: schemaRef(schema) }),
    ApiResponse({ status: 400, description: 'The form is not taken.', content: refused }),
    ApiResponse({ status: 401, description: 'Nobody has these credentials.', content: refused }),
  );
}
