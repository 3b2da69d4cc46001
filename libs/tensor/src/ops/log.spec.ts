import { describeUnary } from '../testing/describe-elementwise.js';
import { log } from './log.js';

describeUnary('log', log, Math.log, { low: 0.2, high: 3 });
