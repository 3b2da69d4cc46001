/** A JSON Schema of an OpenAPI 3.1 document. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** A place outside the body where a request says something. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema?: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

/** What the document says of one answer. */
export interface DescribedAnswer {
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What the document says of one method of one path. */
export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
  readonly security?: readonly object[];
}

/** An OpenAPI 3.1 document, as far as conformance needs it. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One method of one path. */
export interface Route {
  /** `POST /v1/runs` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** All routes of a document. */
export function routesOf({ paths }: ApiDescription): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([each, operation]) => {
      const method = each.toUpperCase();
      return { name: `${method} ${path}`, method, path, operation };
    }),
  );
}

/** A schema with its reference followed; what stands beside the reference is left to validators. */
export function resolved(schema: Schema, { components }: ApiDescription): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1)!;
  const found = components?.schemas?.[name];
  if (found === undefined) throw new Error(`the document refers to ${schema.$ref}, which it does not have`);
  return found;
}
