export * from './env.js';
export * from './config.js';
export * from './logger.js';
export * from './service.js';
export * from './serve-phase.js';
export * from './http/http-app.js';
export * from './nest/readiness.js';
export * from './nest/health.module.js';
