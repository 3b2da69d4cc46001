/** The pieces of a body as they come. Not every browser can iterate a stream; whoever stops reading ends it. */
export async function* bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if ((isOver = done)) return;
      yield value!;
    }
  } finally {
    // One that failed is over as well; then there is nothing left to end.
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
}

/** 128 random bits as text. Unlike `crypto.randomUUID` browsers have it on pages without TLS too. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
