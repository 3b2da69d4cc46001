import { ApiProperty } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactList,
  type ArtifactStore,
  type ArtifactSummary,
} from '@agent-forge/contracts';
import { MayBeAbsent } from '@agent-forge/runtime';
import { CURSOR_PATTERN, cursorBehind, keyOfCursor } from '../lists/cursor.js';
import { PageQueryDto } from '../page-query.dto.js';

/** Of runs, and of phases. */
const ID = /^[a-z0-9]{1,40}$/;

/** The query of `GET /v1/artifacts`. */
export class ListArtifactsDto extends PageQueryDto {
  @ApiProperty({ required: false, description: 'What the page before gave as next.', pattern: CURSOR_PATTERN })
  @MayBeAbsent()
  @Matches(new RegExp(CURSOR_PATTERN), { message: 'must be what the page before gave as next' })
  after?: string;

  @ApiProperty({ required: false, enum: ARTIFACT_KINDS })
  @MayBeAbsent()
  @IsIn(ARTIFACT_KINDS, { message: `must be one of ${ARTIFACT_KINDS.join(', ')}` })
  kind?: ArtifactKind;

  @ApiProperty({
    required: false,
    description: 'The phase that made them; `import` for those that users brought.',
    pattern: ID.source,
  })
  @MayBeAbsent()
  @Matches(ID, { message: 'must be the name of a phase, or import' })
  phase?: string;

  @ApiProperty({ required: false, description: 'The run whose phases made them.', pattern: ID.source })
  @MayBeAbsent()
  @Matches(ID, { message: 'must be the id of a run' })
  run?: string;
}

/**
 * A page of artifacts, in the order of their ids.
 * @param candidates in the order of their ids, and which of them the caller may see
 * @throws ForgeError INVALID_ARGUMENT for a cursor of another list
 */
export async function listArtifacts(
  store: ArtifactStore,
  { limit, after, ...filter }: ListArtifactsDto,
  { ids, isShown }: { ids: Iterable<string> | AsyncIterable<string>; isShown: (id: string) => Promise<boolean> },
): Promise<ArtifactList> {
  const list = { what: 'artifacts', ...filter };
  const last = keyOfCursor(list, after) ?? '';
  const artifacts: ArtifactSummary[] = [];
  for await (const id of ids) {
    if (id <= last || !(await isShown(id))) continue;
    const { kind, lineage, files } = await store.manifest(id);
    if ((filter.kind ?? kind) !== kind || (filter.phase ?? lineage.phase) !== lineage.phase) continue;
    if (artifacts.length === limit) return { artifacts, next: cursorBehind(list, artifacts.at(-1)!.id) };
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    artifacts.push({ id, kind, phase: lineage.phase, files: files.length, sizeBytes });
  }
  return { artifacts };
}
