/** The items of several sources, each as soon as it comes; ends when all have ended. The caller makes the sources end (by a signal) when it stops early. */
export async function* merge<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const next = (source: AsyncGenerator<T>) => source.next().then((result) => ({ source, result }));
  const pending = new Map(sources.map((source) => [source, next(source)]));
  while (pending.size > 0) {
    const { source, result } = await Promise.race(pending.values());
    if (result.done) {
      pending.delete(source);
      continue;
    }
    pending.set(source, next(source));
    yield result.value;
  }
}
