/** What is injected by a token, because its type is an interface. */
export const ARTIFACTS = Symbol('artifact store');
/** The version that lineages name. */
export const CODE_VERSION = Symbol('code version');
/** The port of the audit log. */
export const AUDIT_LOG = Symbol('audit log');
/** Runs of one tenant that may be open; 0 is no limit. */
export const MAX_OPEN_RUNS = Symbol('max open runs');
