/** CloudEvents obliges intermediaries to forward events up to this size only (CloudEvents 1.0, "Size Limits"). */
export const MAX_EVENT_BYTES = 64 * 1024;
/** A token of a subject; long enough for a UUID without dashes and for names, short enough for file systems and logs. */
export const MAX_ID_LENGTH = 40;
/** More phases than the table has are a mistake, and each costs an entry in every fold of the run. */
export const MAX_RECIPE_PHASES = 16;
/** Data sets in one recipe; they stand in one event of at most {@link MAX_EVENT_BYTES}. */
export const MAX_RECIPE_DATA = 64;
/** Artifacts that one completion may name; a phase with more results stores a report that lists them. */
export const MAX_EVENT_ARTIFACTS = 64;
/** State of one checkpoint, as JSON: with its artifacts it fits an event twice over. What is larger is stored as an artifact. */
export const MAX_CHECKPOINT_STATE_BYTES = 32 * 1024;
/** Human-readable text inside events (names, reasons, error messages), so that it cannot fill one. */
export const MAX_TEXT_LENGTH = 2_000;
/** Files in one artifact: a model with 10,000 shards is the largest that Hugging Face tools handle. */
export const MAX_ARTIFACT_FILES = 10_100;
/** A manifest of that many files with their digests, and its lineage. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
