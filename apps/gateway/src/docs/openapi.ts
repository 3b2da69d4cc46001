import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ErrorCode } from '@agent-forge/contracts';
import { addProblem, describeApi, type Operation } from '@agent-forge/runtime/openapi';
import { OPEN_ROUTES } from '../auth/routes.js';
import { IDEMPOTENCY_KEY_PATTERN } from '../repeats/idempotency-key.js';
import { isUploadRoute } from '../uploads/accept-bodies.js';
import { SCHEMAS } from './schemas.js';

/** What every route that wants a token can answer with besides. */
const LIMIT_ERRORS: readonly ErrorCode[] = ['RATE_LIMITED', 'AUTH_UNAVAILABLE'];
/** What a POST with an Idempotency-Key can answer with besides. */
const IDEMPOTENCY_ERRORS: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'IDEMPOTENCY_KEY_IN_USE',
  'IDEMPOTENCY_KEY_REUSED',
];
/** Routes that a browser opens by itself take name and secret of a client instead of a token. */
const BROWSER_ROUTES = /^\/docs(?:\/|$)/;

/** The OpenAPI document of the gateway. */
export function describeGateway(app: NestFastifyApplication): OpenAPIObject {
  const document = describeApi(app, {
    title: 'Agent Forge',
    description: 'Errors are problem documents (RFC 9457) whose code stands in docs/reference/errors.md.',
    schemas: SCHEMAS,
    open: OPEN_ROUTES,
    isLimited: true,
    complete,
  });
  const description = 'Id and secret of a client; for this description only.';
  const securitySchemes = {
    ...document.components?.securitySchemes,
    basic: { type: 'http', scheme: 'basic', description } as const,
  };
  return { ...document, components: { ...document.components, securitySchemes } };
}

function complete(method: string, path: string, operation: Operation): void {
  if (BROWSER_ROUTES.test(path)) operation.security = [...(operation.security ?? []), { basic: [] }];
  if (!OPEN_ROUTES.includes(path)) for (const code of LIMIT_ERRORS) addProblem(operation, code);
  if (method === 'post' && !isUploadRoute(path)) completePost(operation);
}

/** Every POST but an upload can be repeated without being done twice. */
function completePost(operation: Operation): void {
  const description = 'A key of your own, for example a UUID: the same request under it is done once within a day.';
  const schema = { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN } as const;
  const parameter = { name: 'Idempotency-Key', in: 'header', required: false, description, schema } as const;
  operation.parameters = [...(operation.parameters ?? []), parameter];
  for (const code of IDEMPOTENCY_ERRORS) addProblem(operation, code);
}
