import { sendForJson, type Connection } from '../http/connection.js';

/** An OpenAPI document, as far as everybody needs it. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/**
 * The OpenAPI document of the gateway.
 * @throws ForgeError those of every request
 */
export function getApiDocument(connection: Connection): Promise<ApiDocument> {
  return sendForJson(connection, { path: '/docs/json' });
}
