import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { ERROR_CATALOG, PROBLEM_TYPE, type ErrorCode } from '@agent-forge/contracts';

/** What the document says of a route. */
export interface AnswerOptions {
  readonly summary: string;
  /** Codes that are the route's own; those that every route can answer with are added to all. */
  readonly errors: readonly ErrorCode[];
  /** What the success means, where the summary does not say it. */
  readonly description?: string;
  /** Whether the answer names what was made in `Location`. */
  readonly isCreation?: boolean;
}

/** Describes a route that answers with JSON. @param schema its name in the document */
export function ApiAnswer<Name extends string>(status: number, schema: Name, options: AnswerOptions): MethodDecorator {
  const { summary, errors, description = summary, isCreation = false } = options;
  const headers = isCreation ? { headers: { location: LOCATION } } : {};
  const content = { 'application/json': { schema: schemaRef(schema) } };
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status, description, content, ...headers }),
    ApiProblems(errors),
  );
}

/** Describes a route that answers with its status alone. */
export function ApiDone(status: number, { summary, errors, description = summary }: AnswerOptions): MethodDecorator {
  return applyDecorators(ApiOperation({ summary }), ApiResponse({ status, description }), ApiProblems(errors));
}

/** Describes the errors of a route. */
export function ApiProblems(codes: readonly ErrorCode[]): MethodDecorator {
  const statuses = new Set(codes.map((code) => ERROR_CATALOG[code].httpStatus));
  return applyDecorators(
    ...[...statuses].map((status) =>
      ApiResponse(
        problemResponse(
          status,
          codes.filter((code) => ERROR_CATALOG[code].httpStatus === status),
        ),
      ),
    ),
  );
}

const LOCATION = { description: 'The path of what was made.', schema: { type: 'string' } } as const;

/** The response of some codes, which share a status. */
export function problemResponse(status: number, codes: readonly ErrorCode[]) {
  const description = codes.map((code) => `\`${code}\`: ${ERROR_CATALOG[code].meaning}`).join('\n\n');
  const schema = { ...schemaRef('Problem'), properties: { status: { const: status }, code: { enum: [...codes] } } };
  return { status, description, content: { [PROBLEM_TYPE]: { schema, example: exampleOf(codes[0]!) } } };
}

/** A problem as it may look. */
function exampleOf(code: ErrorCode) {
  const { meaning: title, httpStatus: status } = ERROR_CATALOG[code];
  const requestId = '5f0e3c1e-8f5c-4e0b-9b0e-2f4b7d0a9c11';
  return { type: `urn:agentforge:error:${code}`, title, status, detail: 'What was wrong this time.', code, requestId };
}

/** A reference to a schema of the document. */
export function schemaRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
