import { rescale } from '../parameters.js';
import { keepLargest } from '../task-vectors/magnitude.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { rescaled } from '../task-vectors/pruning.js';

/** Trims each task vector to its largest values, elects a sign for each element, and averages the values that have it. */
export const ties = taskVectorMethod({
  name: 'ties',
  title: 'TIES',
  reference: 'Yadav et al., TIES-Merging, arXiv 2306.01708',
  elect: true,
  normalize: true,
  rescale: rescale('none', false),
  perInput: {},
  prune: (vector, { density }, rule, room) => rescaled(keepLargest(vector, density, room), vector, rule),
});
