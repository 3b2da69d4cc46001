import { describeBinary } from '../testing/describe-elementwise.js';
import { div } from './div.js';

describeBinary('div', div, (a, b) => a / b, { low: 0.5, high: 2 });
