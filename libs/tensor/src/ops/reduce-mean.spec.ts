import { expect, test } from '@jest/globals';
import { gradients } from '../ir/autodiff.js';
import { Graph } from '../ir/graph.js';
import { describeReduction } from '../testing/describe-reduction.js';
import { sum } from '../testing/plain.js';
import { reduceMean } from './reduce-mean.js';
import { reduceSum } from './reduce-sum.js';

describeReduction('reduceMean', reduceMean, (group) => sum(group) / group.length);

test('has no gradient over a length that is not known yet', () => {
  const x = new Graph().floatInput('x', ['batch', 3]);
  expect(() => gradients(reduceSum(reduceMean(x, [0])), [x])).toThrow(
    'dimension 0 of [batch, 3] is not a known number',
  );
});
