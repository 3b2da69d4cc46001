import { Readable } from 'node:stream';
import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ArtifactStore, Caller, UploadView } from '@agent-forge/contracts';
import { checkedData, MAX_DATA_FILE_BYTES } from '@agent-forge/data';
import { CallerOf } from '@agent-forge/runtime';
import { Holdings } from '../artifacts/holdings.js';
import { ApiAnswer, ApiFiles } from '../docs/decorators.js';
import { ARTIFACTS, CODE_VERSION } from '../tokens.js';
import { receiveFiles, type UploadRules } from '../uploads/receive-files.js';
import { Staging } from '../uploads/staging.js';
import { withoutForeign } from '../uploads/without-foreign.js';
import { importLineage, storeUpload, uploadView } from '../uploads/stored-upload.js';

/** A single text needs no name; what the caller's file is called stays with the caller. */
const TEXT_NAME = 'text.txt';

const RULES: UploadRules = {
  // The reader refuses names of formats that it does not know.
  assertName: () => undefined,
  maxBytes: MAX_DATA_FILE_BYTES,
  inspect: (name, source) => checkedData(name, withoutForeign(name, source)),
};

/** Data sets: uploads that become artifacts. */
@ApiTags('datasets')
@Controller('v1/datasets')
export class DatasetsController {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    @Inject(CODE_VERSION) private readonly codeVersion: string,
    private readonly staging: Staging,
    private readonly holdings: Holdings,
  ) {}

  @Post()
  @ApiFiles(
    `UTF-8 texts, or .jsonl with one record a line; at most ${MAX_DATA_FILE_BYTES} bytes together`,
    'text/plain',
  )
  @ApiAnswer(201, 'UploadView', {
    summary:
      'Upload a text, or several files. They are checked while they stream; the same bytes give the same artifact.',
    errors: ['INVALID_ARGUMENT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_FORMAT', 'DATA_INVALID', 'STORE_UNAVAILABLE'],
  })
  async upload(@Req() request: FastifyRequest, @CallerOf() caller: Caller): Promise<UploadView> {
    const view = request.body instanceof Readable ? await this.#text(request.body) : await this.#files(request);
    await this.holdings.add(caller, view.artifactId);
    return view;
  }

  #files(request: FastifyRequest): Promise<UploadView> {
    return this.staging.with(async (dir) => {
      await receiveFiles(request, dir, RULES);
      return storeUpload(this.store, dir, 'dataset', this.codeVersion);
    });
  }

  async #text(body: Readable): Promise<UploadView> {
    const file = await this.store.putFile(RULES.inspect(TEXT_NAME, body), MAX_DATA_FILE_BYTES);
    const files = [{ name: TEXT_NAME, ...file }];
    const lineage = importLineage(this.codeVersion);
    return uploadView(this.store, await this.store.putManifest({ version: 1, kind: 'dataset', files, lineage }));
  }
}
