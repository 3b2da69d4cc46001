import { number, rescale } from '../parameters.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { keepRanked, rankProblem } from '../task-vectors/rank.js';

/** Drops values of each task vector at random, small ones of a row more likely, elects a sign for each element, and averages those that have it. */
export const della = taskVectorMethod({
  name: 'della',
  title: 'DELLA',
  reference: 'Deep et al., DELLA-Merging, arXiv 2406.11617',
  elect: true,
  normalize: true,
  rescale: rescale('l1', true),
  perInput: {
    epsilon: number('how far the probability of the smallest and largest value of a row is from density', 0.15),
  },
  check: ({ density, epsilon }) => rankProblem(density, epsilon),
  prune: (vector, { density, epsilon }, rule) => keepRanked(vector, density, epsilon, rule),
});
