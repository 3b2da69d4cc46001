export * from './recipe.js';
export * from './override.js';
export * from './read-recipe.js';
export * from './request.js';
export * from './report.js';
export * from './estimate/machine.js';
export * from './estimate/estimate-run.js';
