// Requests at a fixed rate, whatever the answers do: latency counts from the moment at which a request was to be sent, so that a server
// that stalls is seen to stall. A closed loop would send less while it waits, and report less than its users see.
import { Agent, request } from 'node:http';

const MAX_SOCKETS = 256;
/** An answer that takes longer is an error; the end of a step waits for it. */
const TIMEOUT_MS = 10_000;

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

/** Sends requests over connections that are kept open. */
export class Client {
  #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });

  /** @returns the status; 0 when there was no answer */
  send({ url, method = 'GET', headers = {}, body }) {
    return new Promise((resolve) => {
      const sent = request(url, { method, headers, agent: this.#agent, timeout: TIMEOUT_MS }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode));
        answer.once('error', () => resolve(0));
      });
      sent.once('timeout', () => sent.destroy());
      sent.once('error', () => resolve(0));
      sent.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

/**
 * Sends `next(i)` at `perSecond` for `seconds`.
 * @returns latencies in ms, sorted; what was not answered with 2xx; and the rate that was reached
 */
export async function openLoop(client, next, perSecond, seconds) {
  const total = Math.round(perSecond * seconds);
  const latencies = [];
  let errors = 0;
  const pending = [];
  const startMs = performance.now();
  for (let i = 0; i < total;) {
    const dueMs = startMs + (1000 * i) / perSecond;
    const now = performance.now();
    if (dueMs > now) {
      await new Promise((resolve) => setTimeout(resolve, dueMs - now));
      continue;
    }
    const answered = client.send(next(i)).then((status) => {
      if (status < 200 || status > 299) errors += 1;
      latencies.push(performance.now() - dueMs);
    });
    pending.push(answered);
    i += 1;
  }
  await Promise.all(pending);
  const sorted = latencies.sort((a, b) => a - b);
  return {
    perSecond,
    reached: total / ((performance.now() - startMs) / 1000),
    requests: total,
    errors,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    p999Ms: quantile(sorted, 0.999),
  };
}
