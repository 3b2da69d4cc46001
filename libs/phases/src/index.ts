export * from './phase.js';
export * from './registry.js';
export * from './pipeline.js';
