import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type ValidationError } from '@nestjs/common';
import { ForgeError, LONE_SURROGATE } from '@agent-forge/contracts';

/** Recipes nest a few levels; deeper input serves only to exhaust whoever walks through it. */
const MAX_DEPTH = 32;

/** Refuses bodies that are nested too deep, or have texts that are no Unicode, before anything walks through them recursively. */
export class BodyPipe implements PipeTransform {
  transform(value: unknown, metadata?: ArgumentMetadata): unknown {
    // What a decorator of ours has made comes from no caller.
    if (metadata?.type === 'custom') return value;
    let level: unknown[] = [value];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > MAX_DEPTH)
        throw new ForgeError('INVALID_ARGUMENT', `the body is nested over ${MAX_DEPTH} levels deep`);
      for (const item of level) for (const text of textsOf(item)) checkText(text);
      level = level.flatMap((item) => (isPlain(item) ? Object.values(item) : []));
    }
    return value;
  }
}

/** Checks bodies against their classes: unknown fields are refused, and the first mistake is named by its path. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => new ForgeError('INVALID_ARGUMENT', firstProblem(errors)),
  });
}

function firstProblem(errors: readonly ValidationError[], path = ''): string {
  const [error] = errors;
  if (error === undefined) return 'the body is refused';
  const place = /^\d+$/.test(error.property)
    ? `${path}[${error.property}]`
    : path
      ? `${path}.${error.property}`
      : error.property;
  if (error.children && error.children.length > 0) return firstProblem(error.children, place);
  const [said = 'is refused'] = Object.values(error.constraints ?? {});
  return `${place}: ${said}`;
}

/** A text itself, or the keys of an object. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return isPlain(value) && !Array.isArray(value) ? Object.keys(value) : [];
}

function checkText(text: string): void {
  if (LONE_SURROGATE.test(text))
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'a text of the body is not well-formed Unicode: it has half of a surrogate pair',
    );
}

/** JSON's arrays and objects; streams and buffers are something else. */
function isPlain(value: unknown): value is object {
  if (Array.isArray(value)) return true;
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
