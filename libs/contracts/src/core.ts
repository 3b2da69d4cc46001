/* A second, light door: what needs no event contracts, for threads that must start fast. */
export * from './errors.js';
export * from './random.js';
