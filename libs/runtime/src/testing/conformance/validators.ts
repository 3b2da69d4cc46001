import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { ApiDescription, Schema } from './document.js';

/** Validators of a document's schemas, each compiled once. */
export class Validators {
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(api: ApiDescription) {
    this.#ajv = new Ajv2020({ strict: false, allErrors: false });
    (formats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    this.#ajv.addSchema({ $id: 'api', components: api.components ?? {} });
  }

  of(schema: Schema): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/');
    const known = this.#compiled.get(text);
    if (known !== undefined) return known;
    const made = this.#ajv.compile(JSON.parse(text) as object);
    this.#compiled.set(text, made);
    return made;
  }

  /** What is wrong with a value; undefined when nothing is. */
  problem(schema: Schema, value: unknown): string | undefined {
    const validate = this.of(schema);
    if (validate(value)) return undefined;
    const { instancePath, message, params } = validate.errors![0]!;
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  }
}
