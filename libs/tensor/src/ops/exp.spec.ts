import { describeUnary } from '../testing/describe-elementwise.js';
import { exp } from './exp.js';

describeUnary('exp', exp, Math.exp);
