import type { Means } from '../designs.js';

/** Everything there is. */
export const ALL_MEANS: Means = { experts: ['add', 'sort'], isClassified: true, hasTool: true, thinks: true };
/** A model alone. */
export const NO_MEANS: Means = { experts: [], isClassified: false, hasTool: false, thinks: false };
