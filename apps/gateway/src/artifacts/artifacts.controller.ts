import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ForgeError,
  type ArtifactList,
  type ArtifactStore,
  type Caller,
  type Manifest,
  type ManifestFile,
} from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import { CallerOf } from '@agent-forge/runtime';
import { ApiProblems } from '@agent-forge/runtime/openapi';
import { ApiAnswer } from '../docs/decorators.js';
import { loadRun } from '../runs/runs.controller.js';
import { ARTIFACTS } from '../tokens.js';
import { parseRange } from './byte-range.js';
import { holdBack } from './hold-back.js';
import { Holdings } from './holdings.js';
import { listArtifacts, ListArtifactsDto } from './list-artifacts.js';

/** Types that tell a client what it got; with the headers of every answer, no browser shows or runs any of them. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.ndjson': 'application/jsonl',
  '.txt': 'text/plain; charset=utf-8',
  '.jinja': 'text/plain; charset=utf-8',
};
const OTHER_TYPE = 'application/octet-stream';
const FILE_CONTENT = Object.fromEntries(
  [OTHER_TYPE, ...Object.values(TYPES)].map((type) => [
    type.split(';')[0]!,
    { schema: { type: 'string', format: 'binary' } },
  ]),
);
const FILE_HEADERS = {
  'accept-ranges': { description: 'That parts can be asked for.', schema: { type: 'string' } },
  'content-disposition': { description: 'The name of the file.', schema: { type: 'string' } },
  'content-range': { description: 'Which part it is, of how many bytes.', schema: { type: 'string' } },
} as const;

/** Artifacts: what runs have made, and what was uploaded. */
@ApiTags('artifacts')
@Controller('v1/artifacts')
export class ArtifactsController {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly holdings: Holdings,
    private readonly log: RunLog,
  ) {}

  @Get()
  @ApiAnswer(200, 'ArtifactList', {
    summary: 'All artifacts of the tenant, in the order of their ids.',
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'BROKER_UNAVAILABLE'],
  })
  async list(@Query() query: ListArtifactsDto, @CallerOf() caller: Caller): Promise<ArtifactList> {
    const isShown = await this.holdings.filterFor(caller);
    const ids = query.run === undefined ? this.store.list() : await this.#madeBy(query.run, caller);
    return listArtifacts(this.store, query, { ids, isShown });
  }

  async #madeBy(run: string, caller: Caller): Promise<string[]> {
    const { phases } = await loadRun(this.log, caller, run);
    const made = phases.flatMap(({ artifacts }) => artifacts.map(({ id }) => id));
    return [...new Set(made)].sort();
  }

  @Get(':id')
  @ApiAnswer(200, 'Manifest', {
    summary: 'The manifest of an artifact: its files, and where it comes from.',
    errors: ['ARTIFACT_NOT_FOUND', 'DIGEST_MISMATCH'],
  })
  async manifest(@Param('id') id: string, @CallerOf() caller: Caller): Promise<Manifest> {
    await this.holdings.assertHas(caller, id);
    return this.store.manifest(id);
  }

  @Get(':id/files/*')
  @ApiOperation({
    summary: 'A file of an artifact. A whole one is verified while it is sent: a damaged one is cut off.',
  })
  @ApiParam({ name: 'path', description: 'As the manifest names it.' })
  @ApiHeader({ name: 'range', required: false, description: 'One part, for example `bytes=0-1023` (RFC 9110).' })
  @ApiHeader({ name: 'if-range', required: false, description: 'The ETag: a part of another file is not sent.' })
  @ApiHeader({ name: 'if-none-match', required: false, description: 'The ETag: what is there already is not sent.' })
  @ApiResponse({ status: 200, description: 'The file.', content: FILE_CONTENT, headers: FILE_HEADERS })
  @ApiResponse({ status: 206, description: 'The part.', content: FILE_CONTENT, headers: FILE_HEADERS })
  @ApiResponse({ status: 304, description: 'It is the one that `if-none-match` names.', headers: FILE_HEADERS })
  @ApiProblems(['ARTIFACT_NOT_FOUND', 'NOT_FOUND', 'RANGE_NOT_SATISFIABLE', 'DIGEST_MISMATCH'])
  async file(
    @Param('id') id: string,
    @Param('*') path: string,
    @CallerOf() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    await this.holdings.assertHas(caller, id);
    const file = await this.#fileOf(id, path);
    const etag = `"${file.digest}"`;
    void reply.header('etag', etag).header('accept-ranges', 'bytes');
    if (matches(request.headers['if-none-match'], etag)) {
      void reply.status(304);
      return undefined;
    }
    return this.#send(file, etag, request, reply);
  }

  async #fileOf(id: string, path: string): Promise<ManifestFile> {
    const { files } = await this.store.manifest(id);
    const file = files.find(({ name }) => name === path);
    if (file !== undefined) return file;
    throw new ForgeError('NOT_FOUND', `artifact ${id} has no such file; its manifest lists them`);
  }

  #send({ name, digest, sizeBytes }: ManifestFile, etag: string, request: FastifyRequest, reply: FastifyReply) {
    const { method, headers } = request;
    const { 'if-range': ifRange = etag } = headers;
    const range = ifRange === etag && method === 'GET' ? rangeOf(headers.range, sizeBytes, reply) : undefined;
    if (range) void reply.status(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${sizeBytes}`);
    const bytes = range ? this.store.readFile(digest, range) : holdBack(this.store.readFile(digest));
    // Whoever asks for the head gets its length, and nothing is read.
    const source = method === 'HEAD' ? [] : bytes;
    return new StreamableFile(Readable.from(source, { objectMode: false }), {
      type: TYPES[extname(name).toLowerCase()] ?? OTHER_TYPE,
      length: range ? range.end - range.start : sizeBytes,
      disposition: `attachment; filename="${name.split('/').at(-1)}"`,
    });
  }
}

function rangeOf(header: string | undefined, sizeBytes: number, reply: FastifyReply) {
  try {
    return parseRange(header, sizeBytes);
  } catch (error) {
    void reply.header('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}

/** Whether an `If-None-Match` names this file. */
function matches(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((each) => ['*', etag, `W/${etag}`].includes(each.trim()));
}
