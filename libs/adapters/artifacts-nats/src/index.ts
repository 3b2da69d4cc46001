export * from './nats-artifact-store.js';
