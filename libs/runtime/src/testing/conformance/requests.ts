import type { Rng } from '@agent-forge/contracts';
import { mistakesIn } from './broken.js';
import { resolved, routesOf, type ApiDescription, type Parameter, type Route, type Schema } from './document.js';
import { valueOf } from './values.js';
import type { Validators } from './validators.js';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** With the query, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What may be answered to a request. */
export interface Probe extends WireRequest {
  readonly route: Route;
  /** `valid`, or what is wrong. */
  readonly kind: string;
  /** Statuses that are right; undefined for a valid request, which may have any but 400, 401, 403, 405, 413, 414, 415, 429 and failures. */
  readonly expected?: readonly number[];
}

/** What the requests of a run are made with. */
export interface Callers {
  /** May do everything. */
  readonly owner: () => Promise<string>;
  /** May do everything in another tenant. */
  readonly stranger: () => Promise<string>;
  /** Has a good token without the scope that a route wants. */
  readonly unscoped: (route: Route) => Promise<string>;
}

/** What a document cannot say of an installation. */
export interface Knowledge {
  readonly callers: Callers;
  /** Values of parameters by name, which tests made; none: it is left out. They grow by what answers name in `Location`. */
  readonly known: Readonly<Record<string, string[]>>;
  /** Parameters of paths whose values belong to a tenant. */
  readonly owned: readonly string[];
  /** Bodies that go beyond what a schema can say, by name of the route; they are still changed by mistakes. */
  readonly bodies?: Readonly<Record<string, (rng: Rng) => unknown>>;
  /** By route, the statuses with which its checks of content, which go beyond the document, may refuse requests that are valid by it. */
  readonly checkedFurther?: Readonly<Record<string, readonly number[]>>;
}

/** A request before it is written down. */
interface Draft {
  parameters: Map<Parameter, unknown>;
  body?: unknown;
  type?: string;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const BOUNDARY = 'forge-conformance';
const OTHER_METHODS = ['PUT', 'PATCH', 'DELETE', 'POST'];
const STRANGE_PARTS = [
  '%00',
  'a%00b',
  '%F0%9F%92%A9',
  '%E2%80%AE',
  '%2e%2e',
  '..%2f..%2fetc%2fpasswd',
  '__proto__',
  'x'.repeat(300),
];
/** Kinds that stand for many different requests come more often. */
const SHARES: Readonly<Record<string, number>> = { valid: 4, 'body: mistake': 8, 'query: mistake': 4 };
const DEEP = 200;
const TOO_LARGE_BYTES = 80 * 1024;

/** Makes requests for routes of a document, valid ones and such with one mistake. */
export class RequestMaker {
  constructor(
    private readonly api: ApiDescription,
    private readonly knowledge: Knowledge,
    private readonly validators: Validators,
  ) {}

  /** The kinds of requests that a route can be sent. */
  kindsFor({ operation, path }: Route): Kind[] {
    const { parameters = [], requestBody, security = [] } = operation;
    const has = (place: Parameter['in']) => parameters.some((each) => each.in === place);
    const takesJson = requestBody?.content[JSON_TYPE] !== undefined;
    const takesForm = requestBody?.content[FORM_TYPE] !== undefined;
    const isOwned = this.knowledge.owned.some((name) => path.includes(`{${name}}`));
    const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => {
      if (kind.startsWith('query: ')) return kind === 'query: unknown' || has('query');
      if (kind.startsWith('header: ')) return parameters.some((each) => each.in === 'header' && each.schema?.pattern);
      if (kind.startsWith('path: ')) return has('path');
      if (kind === 'body: type of content' || kind === 'body: missing') return requestBody?.required === true;
      if (kind.startsWith('form: ')) return takesForm;
      if (kind.startsWith('body: ')) return takesJson;
      if (kind === 'caller: of another tenant') return isOwned;
      return kind.startsWith('caller: ') ? security.length > 0 : true;
    });
    return kinds.flatMap((kind) => Array.from({ length: SHARES[kind] ?? 1 }, () => kind));
  }

  /** @returns undefined when no such request can be made of what is known */
  async make(route: Route, kind: Kind, rng: Rng): Promise<Probe | undefined> {
    const draft = this.#valid(route, kind, rng);
    if (draft === undefined) return undefined;
    const token = route.operation.security?.length === 0 ? undefined : await this.knowledge.callers.owner();
    const request = write(route, draft, token);
    const broken = await KINDS[kind]({ route, draft, request, rng, ...this.#parts() });
    return broken && { route, kind, ...request, ...broken };
  }

  #parts() {
    const { api, knowledge, validators } = this;
    return { api, knowledge, validators };
  }

  #valid({ name, operation: { parameters = [], requestBody } }: Route, kind: Kind, rng: Rng): Draft | undefined {
    const { known, bodies = {} } = this.knowledge;
    const draft: Draft = { parameters: new Map() };
    for (const parameter of parameters) {
      // A key that another request had would be what is wrong.
      if (kind !== 'valid' && parameter.name === 'Idempotency-Key') continue;
      const values = known[parameter.name];
      const isWanted = parameter.in === 'path' || parameter.required || rng.float() < 0.4;
      if (!isWanted || (values?.length === 0 && parameter.in !== 'path')) continue;
      if (values?.length === 0) return undefined;
      draft.parameters.set(parameter, values ? rng.pick(values) : valueOf(schemaOf(parameter), this.api, rng));
    }
    if (requestBody === undefined || (!requestBody.required && rng.float() < 0.2)) return draft;
    const [type, { schema = {} }] = rng.pick(Object.entries(requestBody.content)) as [string, { schema?: Schema }];
    draft.type = type;
    draft.body =
      type === JSON_TYPE || type === FORM_TYPE
        ? (bodies[name]?.(rng) ?? valueOf(schema, this.api, rng))
        : `text ${rng.int(1e6)}\n`;
    return draft;
  }
}

interface Making {
  readonly route: Route;
  readonly draft: Draft;
  readonly request: WireRequest;
  readonly rng: Rng;
  readonly api: ApiDescription;
  readonly knowledge: Knowledge;
  readonly validators: Validators;
}

/** What replaces parts of a request, and what is then expected. */
type Change = Partial<WireRequest> & { readonly expected?: readonly number[] };
type Make = (making: Making) => Change | undefined | Promise<Change | undefined>;

const jsonBody = (body: string): Change => ({ body, expected: [400] });
const withText =
  (change: (json: string) => string): Make =>
  ({ request: { body, headers } }) =>
    body === undefined || headers['content-type'] !== JSON_TYPE || change(body) === body
      ? undefined
      : jsonBody(change(body));

function as(token: string, expected: number[], { request }: Making): Change {
  return { headers: { ...request.headers, authorization: `Bearer ${token}` }, expected };
}

/** What is sent: a valid request, or one with one mistake. */
const KINDS = {
  valid: () => ({}),
  'body: mistake': mistakeInBody,
  'body: not JSON': withText((json) => json.slice(0, -1)),
  'body: byte order mark': withText((json) => `\ufeff${json}`),
  'body: a key twice': withText((json) => json.replace('{', '{"twice":1,"twice":1' + (json === '{}' ? '' : ','))),
  'body: own key twice': withText((json) => json.replace(/^\{("[^"]+":)/, '{$1null,$1')),
  'body: too deep': withText((json) =>
    json.replace(/\}$/, `${json === '{}' ? '' : ','}"deep":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`),
  ),
  'body: null': withText(() => 'null'),
  'body: half a surrogate': withText((json) => json.replace(/\}$/, `${json === '{}' ? '' : ','}"\\ud800":1}`)),
  'body: too large': ({ request: { body, headers } }) =>
    body === undefined || headers['content-type'] !== JSON_TYPE
      ? undefined
      : { body: body + ' '.repeat(TOO_LARGE_BYTES), expected: [413] },
  'body: type of content': ({ request }) => ({
    headers: { ...request.headers, 'content-type': 'application/xml' },
    body: '<x/>',
    expected: [415],
  }),
  'body: missing': ({ request: { headers } }) => {
    const { 'content-type': _, ...rest } = headers;
    return { body: '', headers: rest, expected: [400, 415] };
  },
  'form: left out': ({ request, route, draft, api, rng }) => {
    const { required = [] } = resolved(route.operation.requestBody!.content[FORM_TYPE]!.schema!, api);
    const form = new URLSearchParams(draft.body as Record<string, string>);
    form.delete(rng.pick(required));
    return { ...request, body: String(form), expected: [400, 401] };
  },
  'form: twice': ({ request, draft, rng }) => {
    const [name, value] = rng.pick(Object.entries(draft.body as Record<string, string>));
    return { ...request, body: `${request.body}&${name}=${encodeURIComponent(value)}`, expected: [400] };
  },
  'query: mistake': mistakeInQuery,
  'query: twice': ({ request, route, api, rng }) => {
    const parameter = rng.pick(inPlace(route, 'query'));
    const value = encodeURIComponent(String(valueOf(parameter.schema!, api, rng)));
    const [path] = request.path.split('?');
    return { path: `${path}?${parameter.name}=${value}&${parameter.name}=${value}`, expected: [400] };
  },
  'query: unknown': ({ request }) => ({
    path: `${request.path}${request.path.includes('?') ? '&' : '?'}unheardOf=1`,
    expected: [400],
  }),
  'header: mistake': ({ request, route, rng }) => {
    const { name } = rng.pick(inPlace(route, 'header').filter(({ schema }) => schema?.pattern));
    return { headers: { ...request.headers, [name]: 'not { allowed }' }, expected: [400] };
  },
  'path: strange': ({ request, route, rng }) => {
    const { name } = rng.pick(inPlace(route, 'path'));
    const [path] = request.path.split('?');
    const at = route.path.split('/').findIndex((part) => part.startsWith(`{${name}}`));
    const parts = path!.split('/');
    const rest = route.path.split('/')[at]!.slice(name.length + 2);
    // A parameter at the end may stand for several parts.
    parts.splice(at, at === route.path.split('/').length - 1 ? parts.length : 1, `${rng.pick(STRANGE_PARTS)}${rest}`);
    return { path: parts.join('/'), expected: [400, 404, 405, 414] };
  },
  'path: too long': ({ request, route }) => {
    const at = route.path.split('/').findIndex((part) => part.includes('{'));
    return { path: request.path.split('?')[0]!.split('/').with(at, 'x'.repeat(3_000)).join('/'), expected: [414, 404] };
  },
  method: ({ route, request, api, rng }) => {
    const present = Object.keys(api.paths[route.path]!).map((each) => each.toUpperCase());
    const { body: _, headers, ...rest } = request;
    const { 'content-type': __, ...kept } = headers;
    const method = rng.pick(OTHER_METHODS.filter((each) => !present.includes(each)));
    // `/v1/users/ada:password` may be the password of ada, and the user `ada:password`, whom one may remove.
    const others = routesOf(api).filter((each) => each.method === method && mayMatch(each.path, route.path));
    return { ...rest, headers: kept, body: '', method, expected: others.length > 0 ? [405, 404, 400] : [405] };
  },
  'caller: none': ({ request }) => {
    const { authorization: _, ...headers } = request.headers;
    return { headers, expected: [401] };
  },
  'caller: bad token': (making) =>
    as(
      making.rng.pick(['x', 'a.b.c', 'afk_x', `${making.request.headers['authorization']!.slice(7)}x`]),
      [401],
      making,
    ),
  'caller: without the scope': async (making) =>
    as(await making.knowledge.callers.unscoped(making.route), [403], making),
  'caller: of another tenant': async (making) => as(await making.knowledge.callers.stranger(), [404], making),
} satisfies Record<string, Make> as Record<string, Make>;

/** A key of the table of kinds. */
export type Kind = string;

/** Whether what is written for one path may be taken for another one whose last part is a parameter. */
function mayMatch(other: string, path: string): boolean {
  const [, base] = /^([^{]*)\{\w+\}$/.exec(other) ?? [];
  return base !== undefined && path.startsWith(base) && !path.slice(base.length).includes('/');
}

function mistakeInBody({ route, draft, rng, api, validators }: Making): Change | undefined {
  const schema = route.operation.requestBody?.content[JSON_TYPE]?.schema;
  if (draft.type !== JSON_TYPE || schema === undefined) return undefined;
  const isAllowed = validators.of(schema);
  const mistakes = [...mistakesIn(draft.body, schema, api, rng)].filter(({ value }) => !isAllowed(value));
  return mistakes.length === 0 ? undefined : jsonBody(JSON.stringify(rng.pick(mistakes).value));
}

function mistakeInQuery({ route, request, rng, api, validators }: Making): Change | undefined {
  const parameter = rng.pick(inPlace(route, 'query'));
  const { schema = {} } = parameter;
  const isAllowed = validators.of(schema);
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  const mistakes = [...mistakesIn(valueOf(schema, api, rng), schema, api, rng)]
    .map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .filter((text) => !isAllowed(isNumber && text.trim() !== '' ? Number(text) : text));
  if (mistakes.length === 0) return undefined;
  const [path] = request.path.split('?');
  return { path: `${path}?${parameter.name}=${encodeURIComponent(rng.pick(mistakes))}`, expected: [400] };
}

/** Headers of which the document says no more take a quoted tag, as most of them want. */
function schemaOf({ in: place, schema = { type: 'string' } }: Parameter): Schema {
  return place === 'header' && schema.pattern === undefined
    ? { type: 'string', pattern: '^"[a-z0-9]{1,20}"$' }
    : schema;
}

function inPlace({ path, operation: { parameters = [] } }: Route, place: Parameter['in']): Parameter[] {
  return parameters.filter((each) => each.in === place && (place !== 'path' || path.includes(`{${each.name}}`)));
}

function write({ method, path }: Route, { parameters, body, type }: Draft, token: string | undefined): WireRequest {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const query: string[] = [];
  let target = path;
  for (const [parameter, value] of parameters) {
    const text = encodeURIComponent(String(value));
    if (parameter.in === 'header') headers[parameter.name.toLowerCase()] = String(value);
    else if (parameter.in === 'query') query.push(`${parameter.name}=${text}`);
    else target = target.replace(`{${parameter.name}}`, text.replaceAll('%2F', '/'));
  }
  const request = { method, path: query.length === 0 ? target : `${target}?${query.join('&')}`, headers };
  if (type === undefined) return request;
  headers['content-type'] = type === 'multipart/form-data' ? `${type}; boundary=${BOUNDARY}` : type;
  if (type === JSON_TYPE) return { ...request, body: JSON.stringify(body) };
  if (type === FORM_TYPE) return { ...request, body: String(new URLSearchParams(body as Record<string, string>)) };
  return { ...request, body: type === 'multipart/form-data' ? filePart(String(body)) : String(body) };
}

function filePart(text: string): string {
  const head = 'Content-Disposition: form-data; name="files"; filename="a.txt"\r\nContent-Type: text/plain';
  return `--${BOUNDARY}\r\n${head}\r\n\r\n${text}\r\n--${BOUNDARY}--\r\n`;
}
