import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { ForgeError } from '@agent-forge/contracts';

/** What may be uploaded where. */
const UPLOADS: Readonly<Record<string, readonly string[]>> = {
  '/v1/datasets': ['text/plain', 'multipart/form-data'],
  '/v1/models': ['multipart/form-data'],
};

/**
 * Lets uploads reach their routes as streams, which are read as fast as they are written; nothing gathers them in memory. All other routes
 * refuse them.
 */
export async function acceptUploads(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', async (request) => assertRoute(request));
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser('text/plain', (_request, payload, done) => done(null, payload));
  await app.register(multipart);
}

/** @throws ForgeError UNSUPPORTED_FORMAT for an upload to a route that does not take it */
function assertRoute({ headers, routeOptions }: FastifyRequest): void {
  const type = headers['content-type']?.split(';')[0]!.trim().toLowerCase() ?? '';
  const isUpload = type === 'text/plain' || type.startsWith('multipart/');
  if (!isUpload || UPLOADS[routeOptions.url ?? '']?.includes(type)) return;
  const places = Object.entries(UPLOADS).map(([route, types]) => `${route} as ${types.join(' or ')}`);
  throw new ForgeError(
    'UNSUPPORTED_FORMAT',
    `files are uploaded to ${places.join(', to ')}; all else is application/json`,
  );
}
