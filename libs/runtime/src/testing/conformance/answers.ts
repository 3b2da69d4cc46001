import type { ApiDescription, DescribedAnswer } from './document.js';
import type { Probe } from './requests.js';
import type { Validators } from './validators.js';

/** An answer, read. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Statuses by which a valid request is not taken: it was malformed, or its caller unknown. */
const REFUSALS = [400, 401, 403, 405, 413, 414, 415, 429];
/** What HTTP itself and its intermediaries put into answers; no document names them. */
const OWN_OF_HTTP = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];

/** All that is wrong with an answer: with itself, by the document, and with being the answer to its request. */
export function problemsOf(
  probe: Probe,
  answer: WireAnswer,
  api: ApiDescription,
  validators: Validators,
  checkedFurther: Readonly<Record<string, readonly number[]>>,
): string[] {
  const { status } = answer;
  const problems: string[] = [];
  if (status >= 500) problems.push(`the server failed with ${status}`);
  const mayRefuse = checkedFurther[probe.route.name]?.includes(status);
  if (probe.expected === undefined && REFUSALS.includes(status) && !mayRefuse)
    problems.push(`a valid request is refused with ${status}`);
  if (probe.expected !== undefined && status < 400) problems.push(`"${probe.kind}" is accepted with ${status}`);
  else if (probe.expected !== undefined && !probe.expected.includes(status))
    problems.push(`"${probe.kind}" is answered with ${status}, not ${probe.expected.join(' or ')}`);
  // A path that another mistake led elsewhere is described there, if at all.
  const described = probe.route.operation.responses[String(status)];
  if (described === undefined) return [...problems, `status ${status} is not described`];
  return [
    ...problems,
    ...contentProblems(described, answer, validators),
    ...headerProblems(probe, described, answer, api),
  ];
}

function contentProblems(
  { content = {} }: DescribedAnswer,
  { headers, body }: WireAnswer,
  validators: Validators,
): string[] {
  const types = Object.keys(content);
  if (types.length === 0) return body === '' ? [] : ['a body is answered, and none is described'];
  const type = String(headers['content-type']).split(';')[0]!;
  const entry = content[type];
  if (entry === undefined) return [`the type ${type} is not described, only ${types.join(', ')}`];
  if (!type.endsWith('json') || entry.schema === undefined || (entry.schema as { format?: string }).format === 'binary')
    return [];
  try {
    const problem = validators.problem(entry.schema, JSON.parse(body));
    return problem === undefined ? [] : [`the body is not as described: ${problem}`];
  } catch (error) {
    return [`the body cannot be read: ${error instanceof Error ? error.message : error}`];
  }
}

function headerProblems(
  { route, kind }: Probe,
  described: DescribedAnswer,
  { status, headers }: WireAnswer,
  api: ApiDescription,
): string[] {
  const names = Object.keys(described.headers ?? {}).map((name) => name.toLowerCase());
  const unknown = Object.keys(headers).filter((name) => !names.includes(name) && !OWN_OF_HTTP.includes(name));
  const problems = unknown.map((name) => `the header ${name} is not described for ${status}`);
  if (status === 401 && headers['www-authenticate'] === undefined) problems.push('401 comes without WWW-Authenticate');
  if (status !== 405 || kind !== 'method') return problems;
  // It may allow more: what looks like this path may be another one as well, `/v1/runs/x:resume` the run `x:resume`.
  const allowed = String(headers['allow']).split(', ');
  const missing = Object.keys(api.paths[route.path]!).filter((method) => !allowed.includes(method.toUpperCase()));
  if (missing.length > 0) problems.push(`Allow says ${allowed.join()}, and leaves out ${missing.join()}`);
  return problems;
}
