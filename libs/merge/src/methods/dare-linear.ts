import { rescale } from '../parameters.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { keepAtRandom } from '../task-vectors/random.js';

/** Drops values of each task vector at random, scales up the rest, and adds them up. */
export const dareLinear = taskVectorMethod({
  name: 'dare_linear',
  title: 'Linear DARE',
  reference: 'Yu et al., Language Models are Super Mario, arXiv 2311.03099',
  elect: false,
  normalize: false,
  rescale: rescale('l1', true),
  perInput: {},
  check: ({ density }) => (density < 0 ? `density is ${density}; it is a probability` : null),
  prune: (vector, { density }, rule) => keepAtRandom(vector, density, rule),
});
