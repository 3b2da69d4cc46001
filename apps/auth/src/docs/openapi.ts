import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { describeApi } from '@agent-forge/runtime/openapi';
import { OPEN_ROUTES } from '../http/routes.js';
import { SCHEMAS } from './schemas.js';

/** The OpenAPI document of the auth service. */
export function describeAuth(app: NestFastifyApplication): OpenAPIObject {
  return describeApi(app, {
    title: 'Agent Forge: auth',
    description:
      'Errors are problem documents (RFC 9457) whose code stands in docs/reference/errors.md; those of OAuth 2.0 have their own form.',
    schemas: SCHEMAS,
    open: OPEN_ROUTES,
    isLimited: false,
  });
}
