import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { ForgeError } from '@agent-forge/contracts';

const JSON_TYPE = 'application/json';
/** What may be uploaded where. */
const UPLOADS: Readonly<Record<string, readonly string[]>> = {
  '/v1/datasets': ['text/plain', 'multipart/form-data'],
  '/v1/models': ['multipart/form-data'],
};

/**
 * Lets uploads reach their routes as streams, which are read as fast as they are written; nothing gathers them in memory. All other routes
 * take JSON and nothing else.
 */
export async function acceptBodies(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, _reply, done) => done(bodyMistake(request)));
  // A body that is null would pass for one that was left out.
  fastify.addHook('preValidation', ({ body }, _reply, done) => {
    const isNull = body === null;
    done(isNull ? new ForgeError('INVALID_ARGUMENT', 'the body is null; send an object, or no body') : undefined);
  });
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser('text/plain', (_request, payload, done) => done(null, payload));
  await app.register(multipart);
}

/** Whether a route takes files rather than JSON. */
export function isUploadRoute(route: string): boolean {
  return Object.hasOwn(UPLOADS, route);
}

/** UNSUPPORTED_FORMAT for a body that the route does not take. */
function bodyMistake({ headers, routeOptions }: FastifyRequest): ForgeError | undefined {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return new ForgeError('UNSUPPORTED_FORMAT', 'the body has a Content-Encoding; send it as it is');
  const type = headers['content-type']?.split(';')[0]!.trim().toLowerCase();
  if (type === undefined || type === JSON_TYPE || UPLOADS[routeOptions.url ?? '']?.includes(type)) return undefined;
  const places = Object.entries(UPLOADS).map(([route, types]) => `${route} as ${types.join(' or ')}`);
  return new ForgeError(
    'UNSUPPORTED_FORMAT',
    `files are uploaded to ${places.join(', to ')}; all else is ${JSON_TYPE}`,
  );
}
