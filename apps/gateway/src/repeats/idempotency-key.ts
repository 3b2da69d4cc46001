import { ForgeError } from '@agent-forge/contracts';

/** The header of draft-ietf-httpapi-idempotency-key-header. */
export const IDEMPOTENCY_KEY = 'idempotency-key';
/** As the OpenAPI document says it of the header. */
export const IDEMPOTENCY_KEY_PATTERN = '^(?:"[A-Za-z0-9_.:~+/=-]{1,128}"|[A-Za-z0-9_.:~+/=-]{1,128})$';

const FORM = /^(?:"([A-Za-z0-9_.:~+/=-]{1,128})"|([A-Za-z0-9_.:~+/=-]{1,128}))$/;

/** The key of a request, with the quotes of the draft or without; undefined when there is none. @throws ForgeError INVALID_ARGUMENT */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, quoted, bare] = FORM.exec(String(header)) ?? [];
  const key = quoted ?? bare;
  if (key !== undefined) return key;
  throw new ForgeError(
    'INVALID_ARGUMENT',
    'Idempotency-Key must be one key of at most 128 letters, digits and ._:~+/=-, for example a UUID',
  );
}
