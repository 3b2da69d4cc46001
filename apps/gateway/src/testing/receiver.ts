import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A real HTTP server on loopback that webhooks are sent to. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #server = createServer();
  readonly #came = new EventEmitter();

  /** @param answer what it says to a request, by how many came before */
  static async start(answer: (response: ServerResponse, before: number) => void): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      receiver.received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      answer(response, receiver.received.length - 1);
      receiver.#came.emit('request');
    });
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Waits until so many requests have come. */
  async until(requests: number): Promise<void> {
    while (this.received.length < requests) await once(this.#came, 'request');
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
