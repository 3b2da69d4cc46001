/** What is injected by a token, because its type is an interface. */
export const ARTIFACTS = Symbol('artifact store');
/** The phases that runs may consist of. */
export const PHASE_TABLE = Symbol('phases');
/** The version that lineages name. */
export const CODE_VERSION = Symbol('code version');
