import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { ArtifactList, ArtifactStore, ArtifactSummary } from '@agent-forge/contracts';

/** The query of `GET /v1/artifacts`. */
export class ListArtifactsDto {
  @ApiProperty({ required: false, default: 50, minimum: 1, maximum: 200 })
  @IsOptional()
  @Type(() => Number)
  @Min(1, { message: 'must be at least 1' })
  @Max(200, { message: 'must be at most 200' })
  @IsInt({ message: 'must be a whole number' })
  limit = 50;

  @ApiProperty({ required: false, description: 'The id that the page before gave as next.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be the id of an artifact' })
  after?: string;
}

/** At most `limit` artifacts behind the one named. */
export async function listArtifacts(store: ArtifactStore, limit: number, after = ''): Promise<ArtifactList> {
  const artifacts: ArtifactSummary[] = [];
  for await (const id of store.list()) {
    if (id <= after) continue;
    if (artifacts.length === limit) return { artifacts, next: artifacts.at(-1)!.id };
    const { kind, lineage, files } = await store.manifest(id);
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    artifacts.push({ id, kind, phase: lineage.phase, files: files.length, sizeBytes });
  }
  return { artifacts };
}
