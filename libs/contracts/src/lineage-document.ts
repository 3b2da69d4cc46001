import { encodeManifest, type Manifest } from './artifacts.js';
import { ForgeError } from './errors.js';

/** The name under which it stands beside the files of a downloaded artifact. */
export const LINEAGE_FILE = 'lineage.json';
/** A run has some dozens of artifacts; far more mean a lineage that somebody made up. */
const MAX_ANCESTORS = 10_000;

/** An artifact's manifest and those of all that it was made from: what can be checked without the system that made it. */
export interface LineageDocument {
  readonly version: 1;
  /** The artifact's id, which is the SHA-256 of its manifest. */
  readonly artifact: string;
  /** The artifact's own first; ids are not written, since they follow from the manifests. */
  readonly manifests: readonly Manifest[];
}

/** Ids of what an artifact was made from: other artifacts and data sets. */
export function ancestorsOf({ lineage }: Manifest): string[] {
  return [...lineage.parents, ...lineage.data];
}

/**
 * Follows an artifact's lineage to its ends.
 * @throws ForgeError what `manifestOf` throws for one that is not there
 */
export async function collectLineage(
  id: string,
  manifestOf: (id: string) => Promise<Manifest>,
): Promise<LineageDocument> {
  const manifests = new Map<string, Manifest>();
  const open = [id];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (manifests.has(next)) continue;
    if (manifests.size === MAX_ANCESTORS)
      throw new ForgeError('PAYLOAD_TOO_LARGE', `artifact ${id} has over ${MAX_ANCESTORS} ancestors`);
    const manifest = await manifestOf(next);
    manifests.set(next, manifest);
    open.push(...ancestorsOf(manifest));
  }
  return { version: 1, artifact: id, manifests: [...manifests.values()] };
}

/**
 * Reads a lineage document, and proves that every manifest is the one that its descendants name.
 * @returns the manifests by id, the artifact's own first
 * @throws ForgeError DIGEST_MISMATCH when it is none, when a manifest is not the artifact's, or when an ancestor is missing
 */
export function readLineage(text: string): Map<string, Manifest> {
  const { artifact, manifests } = parsed(text);
  const byId = new Map(manifests.map((manifest) => [encodeManifest(manifest).id, manifest]));
  const [first] = byId.keys();
  if (first !== artifact)
    throw new ForgeError('DIGEST_MISMATCH', `the first manifest has the id ${first}, not ${artifact}: it was changed`);
  const wanted = [...byId].flatMap(([id, manifest]) => ancestorsOf(manifest).map((ancestor) => ({ id, ancestor })));
  const missing = wanted.find(({ ancestor }) => !byId.has(ancestor));
  if (missing)
    throw new ForgeError(
      'DIGEST_MISMATCH',
      `artifact ${missing.id} was made from ${missing.ancestor}, whose manifest is missing or was changed`,
    );
  return byId;
}

function parsed(text: string): LineageDocument {
  try {
    const document = JSON.parse(text) as LineageDocument;
    if (document.version === 1 && Array.isArray(document.manifests) && document.manifests.length > 0) return document;
  } catch {
    // Said below, like every other form that it cannot have.
  }
  throw new ForgeError('DIGEST_MISMATCH', `${LINEAGE_FILE} is no lineage of an artifact`);
}
