export * from './recipe.js';
export * from './retry.js';
export * from './state.js';
export * from './evolve.js';
export * from './decide.js';
export * from './fork.js';
export * from './reachable.js';
