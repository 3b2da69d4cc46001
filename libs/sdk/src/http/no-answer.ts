/** Why nobody answered, in a word such as `ECONNREFUSED` or `SELF_SIGNED_CERT_IN_CHAIN`: what stands behind the "fetch failed" of the platform. */
export function whyNoAnswer(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  return String(cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : error));
}
