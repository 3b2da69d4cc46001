import { phase as adas } from './adas/index.js';
import { phase as baking } from './baking/index.js';
import { phase as bitnet } from './bitnet/index.js';
import { phase as cognate } from './cognate/index.js';
import { phase as compression } from './compression/index.js';
import { phase as evomerge } from './evomerge/index.js';
import type { Phase } from './phase.js';
import { phase as quietstar } from './quietstar/index.js';
import { phase as training } from './training/index.js';

export { adas, baking, bitnet, cognate, compression, evomerge, quietstar, training };

/** The phases, in the order of the pipeline. */
export const phases: readonly Phase[] = [cognate, evomerge, quietstar, bitnet, training, baking, adas, compression];
