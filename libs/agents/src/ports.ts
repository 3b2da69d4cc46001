/** What an agent is asked. */
export interface Question {
  readonly prompt: string;
  readonly system?: string;
  /** Task family, where it is known: a model that thinks about some families does so by itself. */
  readonly family?: string;
}

/** One request to a model. */
export interface Request extends Question {
  /** 0 for the likeliest answer. */
  readonly temperature: number;
  readonly seed: string;
  /** Whether the model must think before it answers. */
  readonly isThinking: boolean;
  /** New tokens at most. */
  readonly maxTokens: number;
}

/** What a model answered. */
export interface Response {
  /** Without thoughts. */
  readonly text: string;
  /** Tokens that were read and written, thoughts included. */
  readonly tokens: number;
}

/** A model that answers batches of requests. The same request gets the same response, whatever stands beside it. */
export interface Responder {
  /** @throws ForgeError INVALID_ARGUMENT for a request that the model cannot take: too long, or thinking where it has no form for it */
  respond(requests: readonly Request[]): Promise<Response[]>;
}

/** Chooses an expert for each question; undefined where none fits, and the model itself answers. */
export type Classify = (questions: readonly Question[]) => Promise<readonly (string | undefined)[]>;

/** Models that are good at one thing each. */
export interface Experts {
  readonly names: readonly string[];
  /** @throws ForgeError INVALID_ARGUMENT for an unknown name */
  responder(name: string): Promise<Responder>;
  /** Without it, a route must name its expert. */
  readonly classify?: Classify | undefined;
}

/** A tool that models can call. */
export interface Tool {
  /** The system prompt that offers it. */
  readonly offer: string;
  /** What it gives for an output; undefined where the output is no call of it. */
  run(output: string): string | undefined;
}

/** Tells right answers from wrong ones by computing them: a control, never the model's own skill. */
export interface ExactVerifier {
  isRight(question: Question, answer: string): boolean;
}

/** Everything that the nodes of a graph work with. */
export interface Ports {
  readonly responder: Responder;
  readonly experts?: Experts;
  readonly tool?: Tool;
  readonly exactVerifier?: ExactVerifier;
}
