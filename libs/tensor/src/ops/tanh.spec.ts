import { describeUnary } from '../testing/describe-elementwise.js';
import { tanh } from './tanh.js';

describeUnary('tanh', tanh, Math.tanh);
