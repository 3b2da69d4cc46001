/** Loads modules in a thread, so that its first piece of work need not wait for them. */
export async function run(modules: readonly string[]): Promise<void> {
  for (const module of modules) await import(module);
}
