export * from './phase.js';
export * from './registry.js';
