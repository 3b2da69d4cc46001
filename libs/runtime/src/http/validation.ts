import { ValidationPipe, type PipeTransform, type ValidationError } from '@nestjs/common';
import { ForgeError } from '@agent-forge/contracts';

/** Recipes nest a few levels; deeper input serves only to exhaust whoever walks through it. */
const MAX_DEPTH = 32;

/** Refuses bodies that are nested too deep, before anything walks through them recursively. */
export class DepthPipe implements PipeTransform {
  transform(value: unknown): unknown {
    let level: unknown[] = [value];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > MAX_DEPTH)
        throw new ForgeError('INVALID_ARGUMENT', `the body is nested over ${MAX_DEPTH} levels deep`);
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

/** JSON's arrays and objects; streams and buffers are something else. */
function isPlain(value: unknown): value is object {
  if (Array.isArray(value)) return true;
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
