import { ValidateIf } from 'class-validator';

/** A field that may be left out, but is not null: class-validator's `IsOptional` lets null pass unchecked, which no document says. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
