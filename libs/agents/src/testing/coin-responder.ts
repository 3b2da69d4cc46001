import { Rng } from '@agent-forge/contracts';
import type { Request, Responder, Response } from '../ports.js';

/** Of every request, so that tokens count requests. */
const TOKENS = 10;

/**
 * A responder whose every sampled answer is right with a fixed probability, independently of all others; every other answer is the one same wrong
 * one. It is seeded by the request, as a model is; the likeliest answer at temperature 0 is drawn once for each prompt.
 */
export class CoinResponder implements Responder {
  requests = 0;

  constructor(
    private readonly probability: number,
    private readonly answerOf: (prompt: string) => string,
  ) {}

  respond(requests: readonly Request[]): Promise<Response[]> {
    this.requests += requests.length;
    return Promise.resolve(
      requests.map(({ prompt, temperature, seed }) => {
        const rng = Rng.derive(temperature === 0 ? 'greedy' : seed, 'coin', prompt);
        return { text: rng.float() < this.probability ? this.answerOf(prompt) : 'wrong', tokens: TOKENS };
      }),
    );
  }
}
