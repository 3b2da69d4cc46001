import { number, rescale } from '../parameters.js';
import { dropOutliers } from '../task-vectors/magnitude.js';
import { taskVectorMethod } from '../task-vectors/method.js';
import { rescaled } from '../task-vectors/pruning.js';

/** Drops the largest and the small values of each task vector, elects a sign for each element, and adds up the rest. */
export const breadcrumbsTies = taskVectorMethod({
  name: 'breadcrumbs_ties',
  title: 'Model Breadcrumbs with TIES',
  reference: 'Davari and Belilovsky, Model Breadcrumbs, arXiv 2312.06795',
  elect: true,
  normalize: false,
  rescale: rescale('none', false),
  perInput: { gamma: number('share of the values that is dropped as outliers', 0.01) },
  prune: (vector, { density, gamma }, rule, room) => rescaled(dropOutliers(vector, density, gamma, room), vector, rule),
});
