import { rescale } from '../parameters.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { keepAtRandom } from '../task-vectors/random.js';

/** Drops values of each task vector at random, scales up the rest, elects a sign for each element, and adds them up. */
export const dareTies = taskVectorMethod({
  name: 'dare_ties',
  title: 'DARE TIES',
  reference: 'Yu et al., Language Models are Super Mario, arXiv 2311.03099',
  elect: true,
  normalize: false,
  rescale: rescale('l1', true),
  perInput: {},
  check: ({ density }) => (density < 0 ? `density is ${density}; it is a probability` : null),
  prune: (vector, { density }, rule) => keepAtRandom(vector, density, rule),
});
