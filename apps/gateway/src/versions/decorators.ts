import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { ApiProblems } from '@agent-forge/runtime/openapi';

const ETAG = { etag: { description: 'Names the version (RFC 9110).', schema: { type: 'string' } } } as const;

/** Describes a GET that gives an ETag and takes `If-None-Match`. */
export function ApiVersioned(): MethodDecorator {
  return applyDecorators(
    ApiHeader({ name: 'if-none-match', required: false, description: 'The ETag: what is there already is not sent.' }),
    ApiResponse({ status: 304, description: 'It is the version that `if-none-match` names.', headers: ETAG }),
  );
}

/** Describes a change that takes `If-Match`. */
export function ApiIfMatch(): MethodDecorator {
  return applyDecorators(
    ApiHeader({ name: 'if-match', required: false, description: 'The ETag: another version is not changed.' }),
    ApiProblems(['PRECONDITION_FAILED']),
  );
}
