import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { TSchema } from '@sinclair/typebox';
import { ERROR_CATALOG, PROBLEM_TYPE, type ErrorCode } from '@agent-forge/contracts';
import { problemResponse, schemaRef } from './decorators.js';
import { addHeaders } from './headers.js';

/** What the document says of one method of one path. */
export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = { readonly name: string; readonly in: string };
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** For orchestrators. */
const HEALTH_PATHS = ['/health', '/ready'];
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
const COMMON_ERRORS: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'BROKER_UNAVAILABLE'];

/** What an application's document says that its routes do not. */
export interface ApiOptions {
  readonly title: string;
  readonly description: string;
  readonly schemas: Readonly<Record<string, TSchema>>;
  /** Paths that want no token. */
  readonly open: readonly string[];
  /** Whether rates are limited, and said so, for whoever is known. */
  readonly isLimited: boolean;
  /** Adds what some routes have besides, before headers are named. */
  readonly complete?: (method: string, path: string, operation: Operation) => void;
}

/** The OpenAPI document of an application's routes. */
export function describeApi(app: NestFastifyApplication, options: ApiOptions): OpenAPIObject {
  const { title, description, schemas, open, isLimited, complete = () => undefined } = options;
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(description)
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of the auth service, or an API key.',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config);
  const components = { ...document.components };
  components.schemas = { ...closed(components.schemas ?? {}), ...(schemas as unknown as Schemas) };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
      const isOpen = open.includes(path);
      completeCommon(method, path, operation, isOpen);
      complete(method, path, operation);
      addHeaders(operation, isLimited && !isOpen);
    }
  }
  return { ...document, components };
}

/** Bodies are refused when they have other fields than their class. */
function closed(schemas: Schemas): Schemas {
  const entries = Object.entries(schemas).map(([name, schema]) => [name, { additionalProperties: false, ...schema }]);
  return Object.fromEntries(entries) as Schemas;
}

function completeCommon(method: string, path: string, operation: Operation, isOpen: boolean): void {
  operation.security = isOpen ? [] : [{ bearer: [] }];
  operation.parameters = operation.parameters?.filter((each) => isInPath(each as Parameter, path)) ?? [];
  if (HEALTH_PATHS.includes(path)) completeHealth(operation);
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

/** Describes one more error of an operation. */
export function addProblem(operation: Operation, code: ErrorCode): void {
  const status = ERROR_CATALOG[code].httpStatus;
  const present = operation.responses[String(status)] as ReturnType<typeof problemResponse> | undefined;
  const codes = present?.content[PROBLEM_TYPE]?.schema.properties.code.enum ?? [];
  if (codes.includes(code)) return;
  const { status: _, ...response } = problemResponse(status, [...codes, code]);
  const content = { ...present?.content, ...response.content };
  const description = codes.length === 0 && present ? present.description : response.description;
  operation.responses[String(status)] = { ...response, description, content };
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
