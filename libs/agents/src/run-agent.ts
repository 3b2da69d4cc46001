import { ForgeError } from '@agent-forge/contracts';
import type { AgentDocument, AgentNode } from './document.js';
import { critiquePrompt, revisionPrompt } from './prompts.js';
import type { Ports, Question, Request, Response } from './ports.js';
import { agreed, mostFrequent } from './vote.js';

/** Where an agent stops, for each question. */
export interface Limits {
  /** Requests and other steps. */
  readonly steps: number;
  /** Tokens read and written; a node that began below is finished. */
  readonly tokens: number;
  /** New tokens of one request. */
  readonly answerTokens: number;
}

/** Room for a vote over some dozens of short answers. */
export const DEFAULT_LIMITS: Limits = { steps: 64, tokens: 8_192, answerTokens: 48 };

/** What one node did. */
export interface TraceStep {
  readonly node: string;
  readonly kind: AgentNode['kind'];
  readonly outputs: readonly string[];
  readonly tokens: number;
  /** True where the budget was spent, so that the node did less than it says. */
  readonly isCut: boolean;
}

/** What an agent answers to one question. */
export interface AgentAnswer {
  readonly text: string;
  readonly tokens: number;
  readonly steps: number;
  readonly trace: readonly TraceStep[];
}

/** What the nodes before gave for one question. */
interface Desk {
  readonly question: Question;
  readonly outputs: Map<string, readonly string[]>;
  readonly trace: TraceStep[];
  tokens: number;
  steps: number;
}

/** A request of one question's node, and the model that it goes to; undefined is the model itself. */
interface Asked {
  readonly desk: Desk;
  readonly expert: string | undefined;
  readonly request: Request;
}

/**
 * Runs an agent on questions, node by node, all questions together. It always ends: a node reads only nodes before it, and each
 * question has a budget. A seed gives the same traces again, and what one question gets does not depend on the others.
 * @throws ForgeError INVALID_ARGUMENT where a node needs a port that is not there, or a model cannot take a request
 */
export async function runAgent(
  agent: AgentDocument,
  questions: readonly Question[],
  ports: Ports,
  { seed, limits = DEFAULT_LIMITS }: { readonly seed: number | string; readonly limits?: Limits },
): Promise<AgentAnswer[]> {
  const desks = questions.map((question): Desk => ({ question, outputs: new Map(), trace: [], tokens: 0, steps: 0 }));
  for (const [index, node] of agent.nodes.entries()) await runNode(node, `${seed}/${index}`, desks, ports, limits);
  return desks.map(({ outputs, tokens, steps, trace }) => ({
    text: outputs.get(agent.answer)?.[0] ?? '',
    tokens,
    steps,
    trace,
  }));
}

async function runNode(
  node: AgentNode,
  seed: string,
  desks: readonly Desk[],
  ports: Ports,
  limits: Limits,
): Promise<void> {
  const isOpen = ({ steps, tokens }: Desk): boolean => steps < limits.steps && tokens < limits.tokens;
  const open = desks.filter(isOpen);
  for (const desk of desks) if (!isOpen(desk)) note(desk, node, [], 0, true);
  switch (node.kind) {
    case 'route': {
      const chosen = await route(node.expert, open, ports);
      return open.forEach((desk, i) => step(desk, node, chosen[i] === undefined ? [] : [chosen[i]]));
    }
    case 'vote':
      return open.forEach((desk) =>
        step(desk, node, mostFrequent(node.of.flatMap((id) => desk.outputs.get(id) ?? []))),
      );
    case 'verify':
      return open.forEach((desk) => step(desk, node, verified(desk, node, ports)));
    default:
      return ask(node, seed, open, ports, limits);
  }
}

async function route(expert: string | undefined, desks: readonly Desk[], { experts }: Ports) {
  if (experts === undefined) throw new ForgeError('INVALID_ARGUMENT', 'a route needs experts, and the model has none');
  if (expert !== undefined) {
    if (experts.names.includes(expert)) return desks.map(() => expert);
    throw new ForgeError('INVALID_ARGUMENT', `there is no expert "${expert}"; there are ${experts.names.join(', ')}`);
  }
  if (experts.classify === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'these experts have no classification; a route must name one of them');
  return experts.classify(desks.map(({ question }) => question));
}

function verified(desk: Desk, { of, by }: AgentNode & { kind: 'verify' }, { exactVerifier }: Ports): readonly string[] {
  const answers = desk.outputs.get(of) ?? [];
  if (by === 'agreement') return agreed(answers);
  if (exactVerifier === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'an exact verifier is needed, and there is none for these questions');
  const right = answers.filter((answer) => exactVerifier.isRight(desk.question, answer));
  return right.length > 0 ? right : answers;
}

type AskingNode = Exclude<AgentNode, { kind: 'route' | 'vote' | 'verify' }>;

async function ask(
  node: AskingNode,
  seed: string,
  desks: readonly Desk[],
  ports: Ports,
  limits: Limits,
): Promise<void> {
  const tool = node.kind === 'tool' ? ports.tool : undefined;
  if (node.kind === 'tool' && tool === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'a tool is needed, and there is none');
  const wanted = desks.map((desk) => questionsOf(node, desk, tool?.offer));
  const asked = desks.flatMap((desk, d) =>
    wanted[d]!.slice(0, limits.steps - desk.steps).map((question, i): Asked => ({
      desk,
      expert: node.model === undefined ? undefined : desk.outputs.get(node.model)?.[0],
      request: {
        ...question,
        temperature: node.kind === 'critique' ? 0 : node.temperature,
        seed: `${seed}/${i}/${desk.question.system ?? ''}/${desk.question.prompt}`,
        isThinking: node.kind === 'think',
        maxTokens: limits.answerTokens,
      },
    })),
  );
  const responses = await respond(asked, ports);
  let first = 0;
  desks.forEach((desk, d) => {
    const own = responses.slice(first, first + Math.min(wanted[d]!.length, limits.steps - desk.steps));
    first += own.length;
    const tokens = own.reduce((sum, response) => sum + response.tokens, 0);
    desk.steps += own.length;
    note(
      desk,
      node,
      own.map(({ text }) => tool?.run(text) ?? text),
      tokens,
      own.length < wanted[d]!.length,
    );
  });
}

/** What a node asks about one question. */
function questionsOf(node: AskingNode, { question, outputs }: Desk, offer: string | undefined): Question[] {
  switch (node.kind) {
    case 'critique':
      return (outputs.get(node.of) ?? []).map((answer) => ({
        ...bare(question),
        prompt: critiquePrompt(question, answer),
      }));
    case 'revise': {
      const critiques = outputs.get(node.critique) ?? [];
      return (outputs.get(node.of) ?? []).map((answer, i) => ({
        ...bare(question),
        prompt: revisionPrompt(question, answer, critiques[i] ?? ''),
      }));
    }
    default: {
      // A question with a system prompt of its own keeps it.
      const offered = offer === undefined || question.system !== undefined ? question : { ...question, system: offer };
      return Array.from({ length: node.count }, () => offered);
    }
  }
}

/** Another question under the same system prompt is of no known family. */
function bare({ system }: Question): Omit<Question, 'prompt'> {
  return system === undefined ? {} : { system };
}

/** The responses in the order of the requests; each model gets its own in one batch. */
async function respond(asked: readonly Asked[], { responder, experts }: Ports) {
  const responses: Response[] = Array.from({ length: asked.length });
  for (const expert of new Set(asked.map((one) => one.expert))) {
    const mine = [...asked.keys()].filter((i) => asked[i]!.expert === expert);
    const model = expert === undefined ? responder : await experts!.responder(expert);
    const found = await model.respond(mine.map((i) => asked[i]!.request));
    mine.forEach((i, k) => (responses[i] = found[k]!));
  }
  return responses;
}

function step(desk: Desk, node: AgentNode, outputs: readonly string[]): void {
  desk.steps += 1;
  note(desk, node, outputs, 0, false);
}

function note(desk: Desk, node: AgentNode, outputs: readonly string[], tokens: number, isCut: boolean): void {
  desk.tokens += tokens;
  desk.outputs.set(node.id, outputs);
  desk.trace.push({ node: node.id, kind: node.kind, outputs, tokens, isCut });
}
