export * from './phase.js';
export * from './host.js';
export * from './describe.js';
export * from './task.js';
export * from './local-host.js';
export * from './shared/report.js';
export * from './registry.js';
export * from './pipeline.js';
