export * from './api-document.js';
export * from './decorators.js';
export * from './describe-api.js';
export * from './schemas.js';
