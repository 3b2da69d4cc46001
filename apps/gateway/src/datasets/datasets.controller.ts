import { Readable } from 'node:stream';
import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ForgeError, type ArtifactStore, type DatasetView } from '@agent-forge/contracts';
import { MAX_DATA_FILE_BYTES } from '@agent-forge/data';
import { ARTIFACTS, CODE_VERSION } from '../tokens.js';
import { utf8Text } from './utf8-text.js';

const PATH = 'v1/datasets';
const UPLOAD_TYPE = 'text/plain';
/** Names are ours; what the caller's file is called stays with the caller. */
const FILE_NAME = 'text.txt';

/** Data sets: uploads that become artifacts. */
@ApiTags('datasets')
@Controller(PATH)
export class DatasetsController {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    @Inject(CODE_VERSION) private readonly codeVersion: string,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Upload a text. It is checked and hashed while it streams; the same bytes give the same artifact.',
  })
  @ApiConsumes(UPLOAD_TYPE)
  @ApiBody({ schema: { type: 'string', description: `UTF-8, at most ${MAX_DATA_FILE_BYTES} bytes` } })
  @ApiResponse({ status: 201, description: 'The artifact to name in a recipe.' })
  async upload(@Req() { body }: FastifyRequest): Promise<DatasetView> {
    if (!(body instanceof Readable)) throw unsupported();
    const { digest, sizeBytes } = await this.store.putFile(utf8Text(body), MAX_DATA_FILE_BYTES);
    const artifactId = await this.store.putManifest({
      version: 1,
      kind: 'dataset',
      files: [{ name: FILE_NAME, digest, sizeBytes }],
      lineage: {
        parents: [],
        data: [],
        phase: 'import',
        params: {},
        seed: null,
        codeVersion: this.codeVersion,
        metrics: {},
      },
    });
    return { artifactId, digest, sizeBytes };
  }
}

/**
 * Lets uploads reach their route as a stream, which the store reads as fast as it writes; nothing gathers them in memory. All other routes
 * refuse them.
 */
export function streamUploads(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser(UPLOAD_TYPE);
  fastify.addContentTypeParser(UPLOAD_TYPE, (request, payload, done) => {
    if (request.routeOptions.url === `/${PATH}`) done(null, payload);
    else done(unsupported());
  });
}

function unsupported(): ForgeError {
  return new ForgeError(
    'UNSUPPORTED_FORMAT',
    `texts are uploaded to /${PATH} as ${UPLOAD_TYPE}; all else is application/json`,
  );
}
