/** What only a NestJS service needs, apart: a command that reads a run loads no framework. */
export * from './context.js';
export * from './transport.js';
