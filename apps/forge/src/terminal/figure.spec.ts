import { expect, test } from '@jest/globals';
import { figure } from './figure.js';

test('small figures do not become 0.000', () => {
  expect([2.48912, 0.1, 0.0412, 0.000031, 0].map(figure)).toEqual(['2.489', '0.100', '0.0412', '0.0000310', '0.00']);
});
