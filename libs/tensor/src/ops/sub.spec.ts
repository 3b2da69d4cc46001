import { describeBinary } from '../testing/describe-elementwise.js';
import { sub } from './sub.js';

describeBinary('sub', sub, (a, b) => a - b);
