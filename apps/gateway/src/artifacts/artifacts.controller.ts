import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { ForgeError, type ArtifactStore, type Manifest } from '@agent-forge/contracts';
import { ARTIFACTS } from '../tokens.js';
import { holdBack } from './hold-back.js';

/** Artifacts: what runs have made, and what was uploaded. */
@ApiTags('artifacts')
@Controller('v1/artifacts')
export class ArtifactsController {
  constructor(@Inject(ARTIFACTS) private readonly store: ArtifactStore) {}

  @Get(':id')
  @ApiOperation({ summary: 'The manifest of an artifact: its files, and where it comes from.' })
  manifest(@Param('id') id: string): Promise<Manifest> {
    return this.store.manifest(id);
  }

  @Get(':id/files/*')
  @ApiOperation({ summary: 'A file of an artifact, verified while it is sent: a damaged one is cut off.' })
  @ApiProduces('application/octet-stream')
  async file(@Param('id') id: string, @Param('*') name: string): Promise<StreamableFile> {
    const { files } = await this.store.manifest(id);
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined)
      throw new ForgeError('NOT_FOUND', `artifact ${id} has no such file; its manifest lists them`);
    const { digest, sizeBytes } = file;
    const label = name.split('/').at(-1)!;
    return new StreamableFile(Readable.from(holdBack(this.store.readFile(digest)), { objectMode: false }), {
      type: 'application/octet-stream',
      length: sizeBytes,
      disposition: `attachment; filename="${label}"`,
    });
  }
}
