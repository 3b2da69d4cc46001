import { Type, type SchemaOptions, type TUnsafe } from '@sinclair/typebox';

/** The schema of one of several texts. */
export function oneOf<const T extends string>(
  values: readonly T[],
  options: SchemaOptions & { readonly default: NoInfer<T> },
): TUnsafe<T> {
  return Type.Unsafe<T>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      options,
    ),
  );
}
