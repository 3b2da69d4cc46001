import type { Command } from 'commander';

/** Every command by name. Each is loaded when it is asked for, so that those which only talk to a server do not load the tensor engine. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.js')).demoCommand(),
  up: async () => (await import('./up.js')).upCommand(),
  eval: async () => (await import('./eval.js')).evalCommand(),
  generate: async () => (await import('./generate.js')).generateCommand(),
  inspect: async () => (await import('./inspect.js')).inspectCommand(),
  merge: async () => (await import('./merge.js')).mergeCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
};
