import { describeBinary } from '../testing/describe-elementwise.js';
import { add } from './add.js';

describeBinary('add', add, (a, b) => a + b);
