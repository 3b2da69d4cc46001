import { describeBinary } from '../testing/describe-elementwise.js';
import { mul } from './mul.js';

describeBinary('mul', mul, (a, b) => a * b);
