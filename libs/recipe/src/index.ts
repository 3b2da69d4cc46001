export * from './recipe.js';
export * from './override.js';
export * from './read-recipe.js';
export * from './request.js';
