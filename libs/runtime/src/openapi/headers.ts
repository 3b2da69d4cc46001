import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Header = { readonly description: string; readonly schema: { readonly type: 'string' | 'integer' } };

const text = (description: string): Header => ({ description, schema: { type: 'string' } });

/** On every answer. */
const ALWAYS: Readonly<Record<string, Header>> = {
  'x-request-id': text('Names the request in the logs: the id that the caller sent, or one of ours.'),
  'cache-control': text('Whether the answer may be kept.'),
  'content-security-policy': text(
    'What a browser may do with the answer: nothing, but for the page of this description.',
  ),
  'referrer-policy': text('Tells browsers to tell no one where they come from.'),
  'x-content-type-options': text('Tells browsers not to guess types.'),
};
/** On answers to callers who are known. */
const LIMITED: Readonly<Record<string, Header>> = {
  ratelimit: text('What is left of the nearest limit (draft-ietf-httpapi-ratelimit-headers).'),
  'ratelimit-policy': text('The nearest limit.'),
};
const ETAG = text('Names the version (RFC 9110).');
const RETRY_AFTER: Header = {
  description: 'Seconds until the request may be sent again.',
  schema: { type: 'integer' },
};

/** By status, where it decides. */
const OF_STATUS: Readonly<Record<string, Readonly<Record<string, Header>>>> = {
  401: { 'www-authenticate': text('The scheme by which the route knows callers (RFC 9110).') },
  405: { allow: text('The methods that the path takes.') },
  409: { 'retry-after': RETRY_AFTER },
  429: { 'retry-after': RETRY_AFTER },
};

/** Names the headers of an operation's answers. @param isLimited whether rates are said to whoever is known */
export function addHeaders(operation: Operation, isLimited: boolean): void {
  const names = (operation.parameters ?? []).map((each) => ('name' in each ? each.name.toLowerCase() : ''));
  const isVersioned = names.includes('if-match') || names.includes('if-none-match');
  const isRepeatable = names.includes('idempotency-key');
  for (const [status, response] of Object.entries(operation.responses)) {
    const answer = response as { headers?: Record<string, object> };
    const isGood = Number(status) < 400;
    answer.headers = {
      ...answer.headers,
      ...ALWAYS,
      ...(isLimited ? LIMITED : {}),
      ...(isGood && isVersioned ? { etag: ETAG } : {}),
      ...(isGood && isRepeatable
        ? { 'idempotency-replayed': text('`true` when it is the first answer once more.') }
        : {}),
      ...OF_STATUS[status],
    };
  }
}
