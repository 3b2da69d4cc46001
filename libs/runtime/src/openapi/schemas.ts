import { Type, type Static } from '@sinclair/typebox';
import type { Problem } from '@agent-forge/contracts';

/** Answers have the fields that are described, and no others. */
export const closed = { additionalProperties: false };
export const Text = (description: string) => Type.String({ description });
export const Time = (description: string) => Type.String({ format: 'date-time', description });

const ProblemSchema = Type.Object(
  {
    type: Text('`urn:agentforge:error:<code>`'),
    title: Text('What the code means.'),
    status: Type.Integer(),
    detail: Text('What was wrong this time.'),
    code: Text('A code of docs/reference/errors.md.'),
    requestId: Text('Names the request in the logs.'),
  },
  { ...closed, description: 'RFC 9457' },
);

const Checks = Type.Record(Type.String(), Type.Any(), { description: 'By what was checked.' });
const HealthSchema = Type.Object(
  { status: Text('`ok`, `error` or `shutting_down`.'), info: Checks, error: Checks, details: Checks },
  { description: 'As @nestjs/terminus answers.' },
);

const OpenApiSchema = Type.Object({ openapi: Type.String() }, { description: 'An OpenAPI 3.1 document.' });

/** The schemas of answers that every service has, by the names that the document gives them. */
export const COMMON_SCHEMAS = { Problem: ProblemSchema, OpenApi: OpenApiSchema, Health: HealthSchema } as const;

/** Fails to compile when a schema and the type that service and client share differ. */
export type Same<A, B> = [A, B] extends [B, A] ? true : [A, 'differs from', B];
export const same = <A, B>(_: Same<A, B>): void => undefined;
same<keyof Static<typeof ProblemSchema>, keyof Problem>(true);
