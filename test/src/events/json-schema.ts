import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import type { Comments } from './proto-comments.js';

/** A JSON Schema. */
export type JsonSchema = { readonly [key: string]: unknown };

const NUMBERS = new Set([ScalarType.DOUBLE, ScalarType.FLOAT]);
/** Messages of protobuf itself whose JSON is not an object of their fields. */
const WELL_KNOWN: Readonly<Record<string, JsonSchema>> = {
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.Value': {},
};

/**
 * The JSON Schema of a message's proto3 JSON, with the comments of the .proto file as descriptions. Fields that have their default may be absent.
 * Messages inside are referred to under `#/components/schemas/`.
 */
export function schemaOf(message: DescMessage, comments: Comments): JsonSchema {
  const properties = Object.fromEntries(
    message.fields.map((field) => [
      field.jsonName,
      { ...fieldSchema(field), description: comments.field(message.name, field.name) },
    ]),
  );
  return { type: 'object', description: comments.message(message.name), properties };
}

/** Messages that a message refers to, and those that these refer to. */
export function messagesIn(message: DescMessage, found = new Map<string, DescMessage>()): Map<string, DescMessage> {
  for (const field of message.fields) {
    const inner = field.message;
    if (inner === undefined || WELL_KNOWN[inner.typeName] || found.has(inner.name)) continue;
    found.set(inner.name, inner);
    messagesIn(inner, found);
  }
  return found;
}

function fieldSchema(field: DescField): JsonSchema {
  if (field.fieldKind === 'list') return { type: 'array', items: valueSchema(field) };
  if (field.fieldKind === 'map') return { type: 'object', additionalProperties: valueSchema(field) };
  return valueSchema(field);
}

function valueSchema(field: DescField): JsonSchema {
  const { message, scalar } = field;
  if (message) return WELL_KNOWN[message.typeName] ?? { $ref: `#/components/schemas/${message.name}` };
  if (scalar === ScalarType.STRING) return { type: 'string' };
  if (scalar === ScalarType.BOOL) return { type: 'boolean' };
  if (scalar === ScalarType.UINT32) return { type: 'integer', minimum: 0 };
  if (scalar !== undefined && NUMBERS.has(scalar)) return { type: 'number' };
  throw new Error(`${field.name} is of a kind that no event has had so far; say here what its JSON is`);
}
