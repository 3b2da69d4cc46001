import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ERROR_CATALOG, type ErrorCode } from '@agent-forge/contracts';
import { OPEN_ROUTES } from '../auth/routes.js';
import { problemResponse, schemaRef } from './decorators.js';
import { SCHEMAS } from './schemas.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** What every route that wants a token can answer with besides. */
const COMMON_ERRORS: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'AUTH_UNAVAILABLE', 'INTERNAL'];
/** Routes that a browser opens by itself take name and secret of a client instead of a token. */
const BROWSER_ROUTES = /^\/docs(?:\/|$)/;

/** The OpenAPI document of an application's routes. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Agent Forge')
    .setDescription('Errors are problem documents (RFC 9457) whose code stands in docs/reference/errors.md.')
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of the auth service, or an API key.',
    })
    .addBasicAuth({
      type: 'http',
      scheme: 'basic',
      description: 'Id and secret of a client; for this description only.',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config);
  const components = { ...document.components };
  components.schemas = { ...components.schemas, ...(SCHEMAS as unknown as Schemas) };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item) as Operation[]) complete(path, operation);
  }
  return { ...document, components };
}

function complete(path: string, operation: Operation): void {
  const isOpen = OPEN_ROUTES.includes(path);
  operation.security = isOpen ? [] : [{ bearer: [] }, ...(BROWSER_ROUTES.test(path) ? [{ basic: [] }] : [])];
  if (isOpen) return completeHealth(operation);
  if (path === '/metrics') completeMetrics(operation);
  if (path.includes('{')) addProblem(operation, 'URI_TOO_LONG');
  if (operation.requestBody) addProblem(operation, 'UNSUPPORTED_FORMAT');
  for (const code of COMMON_ERRORS) addProblem(operation, code);
}

function addProblem(operation: Operation, code: ErrorCode): void {
  const { status, ...response } = problemResponse(ERROR_CATALOG[code].httpStatus, [code]);
  operation.responses[String(status)] ??= response;
}

function completeMetrics(operation: Operation): void {
  operation.summary = "What the service counts, in Prometheus' text format.";
  operation.responses = {
    200: { description: 'The counts.', content: { 'text/plain': { schema: { type: 'string' } } } },
  };
}

/** The routes for orchestrators stand in the runtime, which describes no API. */
function completeHealth(operation: Operation): void {
  const content = { 'application/json': { schema: schemaRef('Health') } };
  operation.summary = 'For orchestrators: whether the service lives, and whether it can take work.';
  operation.responses = {
    200: { description: 'All is well.', content },
    503: { description: 'It is not; the answer says what.', content },
  };
}
