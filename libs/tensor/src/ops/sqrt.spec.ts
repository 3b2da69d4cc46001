import { describeUnary } from '../testing/describe-elementwise.js';
import { sqrt } from './sqrt.js';

describeUnary('sqrt', sqrt, Math.sqrt, { low: 0.2, high: 3 });
