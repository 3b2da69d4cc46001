import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { sha256 } from '#sha256';
import { canonicalJson } from './canonical-json.js';
import { ForgeError } from './errors.js';
import { MAX_ARTIFACT_FILES, MAX_MANIFEST_BYTES } from './limits.js';

/** What an artifact can be. A `model` is a Hugging Face folder that can be trained on, an `export` a form of one for other tools, a `dataset` one or more data files. */
export const ARTIFACT_KINDS = ['model', 'checkpoint', 'report', 'dataset', 'export', 'expert-pack', 'delta'] as const;
/** A kind of {@link ARTIFACT_KINDS}. */
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** Parts of a path: letters that every file system keeps apart; no leading dot, so that neither `..` nor hidden files can be named. */
const FILE_NAME = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}){0,3}$';

/** JSON Schema of {@link ManifestFile}. */
export const ManifestFileSchema = Type.Object(
  {
    name: Type.String({ pattern: FILE_NAME, description: 'Path inside the artifact.' }),
    digest: Digest,
    sizeBytes: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  },
  { additionalProperties: false },
);

const Lineage = Type.Object(
  {
    parents: Type.Array(Digest, { description: 'Artifacts that it was made from.' }),
    data: Type.Array(Digest, { description: 'Data sets that it was made with.' }),
    phase: Type.String({
      pattern: '^[a-z0-9]{1,40}$',
      description: 'The phase that made it; "import" when a user brought it.',
    }),
    params: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Parameters that it was made with, defaults included.',
    }),
    seed: Type.Union([Type.Integer({ minimum: 0, maximum: 0xffffffff }), Type.Null()]),
    codeVersion: Type.String({ minLength: 1, maxLength: 100 }),
    metrics: Type.Record(Type.String(), Type.Number(), { description: 'Measured on the report split.' }),
    degraded: Type.Optional(Type.String({ minLength: 1, description: 'Set when a declared fallback was used: why.' })),
  },
  { additionalProperties: false },
);

/** JSON Schema of {@link Manifest}. */
export const ManifestSchema = Type.Object(
  {
    version: Type.Literal(1),
    kind: Type.Union(ARTIFACT_KINDS.map((kind) => Type.Literal(kind))),
    files: Type.Array(ManifestFileSchema, {
      minItems: 1,
      maxItems: MAX_ARTIFACT_FILES,
      description: 'Sorted by name.',
    }),
    lineage: Lineage,
  },
  { additionalProperties: false },
);

/** One file of an artifact. */
export type ManifestFile = Static<typeof ManifestFileSchema>;
/** Where an artifact comes from. */
export type Lineage = Static<typeof Lineage>;
/** What an artifact is: its canonical JSON is the identity. */
export type Manifest = Static<typeof ManifestSchema>;

/** A manifest as the bytes that are stored, and their SHA-256, which is the artifact's id. @throws ForgeError INVALID_ARGUMENT */
export function encodeManifest(manifest: Manifest): { id: string; bytes: Uint8Array } {
  checkManifest(manifest, 'INVALID_ARGUMENT');
  const bytes = new TextEncoder().encode(canonicalJson(manifest));
  return { id: sha256().update(bytes).hex(), bytes };
}

/**
 * Reads a stored manifest and proves that it is the one named.
 * @throws ForgeError DIGEST_MISMATCH when the bytes are not those of `id` or are no manifest
 */
export function decodeManifest(id: string, bytes: Uint8Array): Manifest {
  const digest = sha256().update(bytes).hex();
  if (digest !== id)
    throw new ForgeError(
      'DIGEST_MISMATCH',
      `the stored manifest of artifact ${id} has digest ${digest}: it is damaged`,
    );
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ForgeError('DIGEST_MISMATCH', `${id} names a file that is no manifest of an artifact`, error);
  }
  checkManifest(manifest, 'DIGEST_MISMATCH');
  return manifest;
}

function checkManifest(value: unknown, code: 'INVALID_ARGUMENT' | 'DIGEST_MISMATCH'): asserts value is Manifest {
  const problem = Value.Errors(ManifestSchema, value).First();
  if (problem) throw new ForgeError(code, `manifest is refused at ${problem.path || '/'}: ${problem.message}`);
  const manifest = value as Manifest;
  manifest.files.forEach((file, i) => {
    if (i > 0 && manifest.files[i - 1]!.name >= file.name) {
      throw new ForgeError(
        code,
        `manifest is refused: its files are not sorted by name, or "${file.name}" stands in it twice`,
      );
    }
  });
  if (canonicalJson(manifest).length > MAX_MANIFEST_BYTES)
    throw new ForgeError(code, `manifest is over ${MAX_MANIFEST_BYTES} bytes`);
}
