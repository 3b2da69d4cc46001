import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import type { ArtifactList, ArtifactStore, ArtifactSummary } from '@agent-forge/contracts';
import { PageQueryDto } from '../page-query.dto.js';

/** The query of `GET /v1/artifacts`. */
export class ListArtifactsDto extends PageQueryDto {
  @ApiProperty({ required: false, description: 'The id that the page before gave as next.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be the id of an artifact' })
  after?: string;
}

/** At most `limit` artifacts behind the one named. @param isShown which of them the caller may see */
export async function listArtifacts(
  store: ArtifactStore,
  isShown: (id: string) => Promise<boolean>,
  limit: number,
  after = '',
): Promise<ArtifactList> {
  const artifacts: ArtifactSummary[] = [];
  for await (const id of store.list()) {
    if (id <= after || !(await isShown(id))) continue;
    if (artifacts.length === limit) return { artifacts, next: artifacts.at(-1)!.id };
    const { kind, lineage, files } = await store.manifest(id);
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    artifacts.push({ id, kind, phase: lineage.phase, files: files.length, sizeBytes });
  }
  return { artifacts };
}
