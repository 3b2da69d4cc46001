import type { Command } from 'commander';

/** Every command by name. Each is loaded when it is asked for, so that those which only talk to a server do not load the tensor engine. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  recipe: async () => (await import('./recipe.js')).recipeCommand(),
  run: async () => (await import('./run.js')).runCommand(),
  runs: async () => (await import('./runs.js')).runsCommand(),
  watch: async () => (await import('./watch.js')).watchCommand(),
  pause: async () => (await import('./run-verbs.js')).pauseCommand(),
  resume: async () => (await import('./run-verbs.js')).resumeCommand(),
  cancel: async () => (await import('./run-verbs.js')).cancelCommand(),
  retry: async () => (await import('./run-verbs.js')).retryCommand(),
  fork: async () => (await import('./run-verbs.js')).forkCommand(),
  artifacts: async () => (await import('./artifacts.js')).artifactsCommand(),
  datasets: async () => (await import('./datasets.js')).datasetsCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
  up: async () => (await import('./up.js')).upCommand(),
  download: async () => (await import('./download.js')).downloadCommand(),
  eval: async () => (await import('./eval.js')).evalCommand(),
  generate: async () => (await import('./generate.js')).generateCommand(),
  gc: async () => (await import('./gc.js')).gcCommand(),
  inspect: async () => (await import('./inspect.js')).inspectCommand(),
  merge: async () => (await import('./merge.js')).mergeCommand(),
  models: async () => (await import('./models.js')).modelsCommand(),
  phase: async () => (await import('./phase.js')).phaseCommand(),
  phases: async () => (await import('./phases.js')).phasesCommand(),
  verify: async () => (await import('./verify.js')).verifyCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
};
