import type { OpenAPIObject } from '@nestjs/swagger';
import { ForgeError } from '@agent-forge/contracts';

/** An application's OpenAPI document, made out of its routes once they are all there. */
export class ApiDocument {
  #document: OpenAPIObject | undefined;

  set(document: OpenAPIObject): void {
    this.#document = document;
  }

  /** @throws ForgeError INTERNAL before it is made */
  get(): OpenAPIObject {
    if (this.#document === undefined)
      throw new ForgeError('INTERNAL', 'the OpenAPI document was not made at the start');
    return this.#document;
  }
}
