import { number, rescale } from '../parameters.js';
import { dropOutliers } from '../task-vectors/magnitude.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { rescaled } from '../task-vectors/pruning.js';

/** Drops the largest and the small values of each task vector, and adds up the rest. */
export const breadcrumbs = taskVectorMethod({
  name: 'breadcrumbs',
  title: 'Model Breadcrumbs',
  reference: 'Davari and Belilovsky, Model Breadcrumbs, arXiv 2312.06795',
  elect: false,
  normalize: false,
  rescale: rescale('none', false),
  perInput: { gamma: number('share of the values that is dropped as outliers', 0.01) },
  prune: (vector, { density, gamma }, rule, room) => rescaled(dropOutliers(vector, density, gamma, room), vector, rule),
});
