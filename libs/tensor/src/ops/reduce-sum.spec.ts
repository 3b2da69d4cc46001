import { describeReduction } from '../testing/describe-reduction.js';
import { sum } from '../testing/plain.js';
import { reduceSum } from './reduce-sum.js';

describeReduction('reduceSum', reduceSum, sum);
