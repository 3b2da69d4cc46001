import { describeReduction } from '../testing/describe-reduction.js';
import { sum } from '../testing/plain.js';
import { reduceSumSquare } from './reduce-sum-square.js';

describeReduction('reduceSumSquare', reduceSumSquare, (group) => sum(group.map((x) => x * x)));
