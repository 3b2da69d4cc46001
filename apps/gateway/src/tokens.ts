/** What is injected by a token, because its type is an interface. */
export const ARTIFACTS = Symbol('artifact store');
/** The version that lineages name. */
export const CODE_VERSION = Symbol('code version');
/** The port of the audit log. */
export const AUDIT_LOG = Symbol('audit log');
