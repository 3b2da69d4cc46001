import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ArtifactStore, Caller, ModelView } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { runInWorker } from '@agent-forge/tensor/worker';
import { Holdings } from '../artifacts/holdings.js';
import { ApiAnswer, ApiFiles } from '../docs/decorators.js';
import { ARTIFACTS, CODE_VERSION } from '../tokens.js';
import { receiveFiles } from '../uploads/receive-files.js';
import { Staging } from '../uploads/staging.js';
import { storeUpload } from '../uploads/stored-upload.js';
import type { CheckModelInput } from './check-model.js';
import { MAX_MODEL_BYTES, MODEL_RULES } from './model-files.js';

const CHECK_MODEL = new URL('./check-model.js', import.meta.url);

/** Models: uploads of model folders that become artifacts. */
@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  constructor(
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    @Inject(CODE_VERSION) private readonly codeVersion: string,
    private readonly staging: Staging,
    private readonly holdings: Holdings,
  ) {}

  @Post()
  @ApiFiles(
    `The files of a Hugging Face model folder: config.json, *.safetensors and tokenizer files; at most ${MAX_MODEL_BYTES} bytes together`,
  )
  @ApiAnswer(201, 'ModelView', {
    summary: 'Upload a model. Every weight is read and audited before it is stored; nothing of a refused one is kept.',
    errors: [
      'INVALID_ARGUMENT',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_FORMAT',
      'NOT_A_MODEL',
      'SAFETENSORS_INVALID',
      'TOKENIZER_INVALID',
      'AUDIT_FAILED',
      'STORE_UNAVAILABLE',
    ],
  })
  upload(@Req() request: FastifyRequest, @CallerOf() caller: Caller): Promise<ModelView> {
    return this.staging.with(async (dir) => {
      await receiveFiles(request, dir, MODEL_RULES);
      const { parameters } = await runInWorker<CheckModelInput, { parameters: number }>(CHECK_MODEL, { dir });
      const view = await storeUpload(this.store, dir, 'model', this.codeVersion);
      await this.holdings.add(caller, view.artifactId);
      return { ...view, parameters };
    });
  }
}
