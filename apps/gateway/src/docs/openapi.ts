import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ERROR_CATALOG, PROBLEM_TYPE, type ErrorCode } from '@agent-forge/contracts';
import { OPEN_ROUTES } from '../auth/routes.js';
import { IDEMPOTENCY_KEY_PATTERN } from '../repeats/idempotency-key.js';
import { isUploadRoute } from '../uploads/accept-bodies.js';
import { problemResponse, schemaRef } from './decorators.js';
import { addHeaders } from './headers.js';
import { SCHEMAS } from './schemas.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = { readonly name: string; readonly in: string };
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** What every route can answer with, whoever asks: it takes no other query, method or body than the document says. */
const ANYWHERE_ERRORS: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'METHOD_NOT_ALLOWED',
  'UNSUPPORTED_FORMAT',
  'INTERNAL',
];
/** What comes of paths that are nothing's, or could not be. */
const PATH_ERRORS: readonly ErrorCode[] = ['NOT_FOUND', 'URI_TOO_LONG'];
/** What every route that wants a token can answer with besides. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'AUTH_UNAVAILABLE',
  'BROKER_UNAVAILABLE',
];
/** What a POST with an Idempotency-Key can answer with besides. */
const IDEMPOTENCY_ERRORS: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'IDEMPOTENCY_KEY_IN_USE',
  'IDEMPOTENCY_KEY_REUSED',
];
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
  components.schemas = { ...closed(components.schemas ?? {}), ...(SCHEMAS as unknown as Schemas) };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
      complete(method, path, operation);
      if (method === 'post' && !isUploadRoute(path)) completePost(operation);
      addHeaders(operation, OPEN_ROUTES.includes(path));
    }
  }
  return { ...document, components };
}

/** Bodies are refused when they have other fields than their class. */
function closed(schemas: Schemas): Schemas {
  const entries = Object.entries(schemas).map(([name, schema]) => [name, { additionalProperties: false, ...schema }]);
  return Object.fromEntries(entries) as Schemas;
}

function complete(method: string, path: string, operation: Operation): void {
  const isOpen = OPEN_ROUTES.includes(path);
  operation.security = isOpen ? [] : [{ bearer: [] }, ...(BROWSER_ROUTES.test(path) ? [{ basic: [] }] : [])];
  operation.parameters = operation.parameters?.filter((each) => isInPath(each as Parameter, path)) ?? [];
  if (isOpen) completeHealth(operation);
  if (path === '/metrics') completeMetrics(operation);
  for (const code of ANYWHERE_ERRORS) addProblem(operation, code);
  if (path.includes('{')) for (const code of PATH_ERRORS) addProblem(operation, code);
  if (method !== 'get') addProblem(operation, 'PAYLOAD_TOO_LARGE');
  if (!isOpen) for (const code of COMMON_ERRORS) addProblem(operation, code);
}

/** A wildcard has a name in the document, and another one in its route. */
function isInPath({ name, in: place }: Parameter, path: string): boolean {
  return place !== 'path' || path.includes(`{${name}}`);
}

function addProblem(operation: Operation, code: ErrorCode): void {
  const status = ERROR_CATALOG[code].httpStatus;
  const present = operation.responses[String(status)] as ReturnType<typeof problemResponse> | undefined;
  const codes = present?.content[PROBLEM_TYPE]?.schema.properties.code.enum ?? [];
  if (codes.includes(code)) return;
  const { status: _, ...response } = problemResponse(status, [...codes, code]);
  const content = { ...present?.content, ...response.content };
  const description = codes.length === 0 && present ? present.description : response.description;
  operation.responses[String(status)] = { ...response, description, content };
}

/** Every POST but an upload can be repeated without being done twice. */
function completePost(operation: Operation): void {
  const description = 'A key of your own, for example a UUID: the same request under it is done once within a day.';
  const schema = { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN } as const;
  const parameter = { name: 'Idempotency-Key', in: 'header', required: false, description, schema } as const;
  operation.parameters = [...(operation.parameters ?? []), parameter];
  for (const code of IDEMPOTENCY_ERRORS) addProblem(operation, code);
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
