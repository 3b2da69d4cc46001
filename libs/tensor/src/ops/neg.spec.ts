import { describeUnary } from '../testing/describe-elementwise.js';
import { neg } from './neg.js';

describeUnary('neg', neg, (x) => -x);
