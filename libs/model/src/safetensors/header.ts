import { ForgeError } from '@agent-forge/contracts/core';
import { INVISIBLE, shown } from '../shown.js';
import { DTYPE_BITS, isDtype, type Dtype } from './dtype.js';
import {
  MAX_DIMENSION,
  MAX_HEADER_CONTAINERS,
  MAX_HEADER_DEPTH,
  MAX_HEADER_ENTRIES,
  MAX_NAME_LENGTH,
  MAX_RANK,
  MAX_TENSORS,
} from './limits.js';
import { parseStrictJson, type StrictJson } from './strict-json.js';

/** What a header says of one tensor. */
export interface TensorInfo {
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** Where its bytes begin, counted from the end of the header. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Error of a file that breaks a rule of the format. */
export function invalidSafetensors(path: string, problem: string): ForgeError {
  return new ForgeError('SAFETENSORS_INVALID', `${path} is not a valid safetensors file: ${problem}`);
}

/**
 * Reads a header and checks every rule of the format (its README, section "Format") against the size of the data that
 * follows, so that whoever reads tensors afterwards need not check anything. Allocates nothing but the result.
 * @param bytes the JSON, without the 8 bytes of its length
 * @param dataBytes size of the file behind the header
 * @throws ForgeError `SAFETENSORS_INVALID` naming the rule
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const fail = (problem: string): never => {
    throw invalidSafetensors(path, problem);
  };
  if (bytes[0] !== 0x7b) fail('the header does not begin with {');
  const root = parseStrictJson(decodeUtf8(bytes, fail), {
    maxDepth: MAX_HEADER_DEPTH,
    maxEntries: MAX_HEADER_ENTRIES,
    maxContainers: MAX_HEADER_CONTAINERS,
    fail: (p) => fail(`header: ${p}`),
  });
  const entries = root as Map<string, StrictJson>;
  const metadata = readMetadata(entries.get('__metadata__'), fail);
  entries.delete('__metadata__');
  if (entries.size > MAX_TENSORS) fail(`it has ${entries.size} tensors; at most ${MAX_TENSORS} are read`);
  const tensors = new Map<string, TensorInfo>();
  for (const [name, entry] of entries) {
    checkName(name, fail);
    tensors.set(
      name,
      readTensor(entry, (problem) => fail(`tensor ${shown(name)}: ${problem}`)),
    );
  }
  checkContiguous(tensors, dataBytes, fail);
  return { tensors, metadata };
}

type Fail = (problem: string) => never;

function decodeUtf8(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('the header is not UTF-8');
  }
}

function readMetadata(value: StrictJson | undefined, fail: Fail): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!(value instanceof Map)) return fail('__metadata__ is not an object');
  for (const [key, text] of value) {
    if (typeof text !== 'string') return fail(`__metadata__ entry ${shown(key)} is not a text`);
    metadata.set(key, text);
  }
  return metadata;
}

/** Names become keys of objects, lines of reports and parts of paths in other tools; these could do harm there. */
export function checkName(name: string, fail: Fail): void {
  const refuse = (problem: string): never => fail(`the tensor name ${shown(name)} ${problem}`);
  if (name.length > MAX_NAME_LENGTH) refuse(`is longer than ${MAX_NAME_LENGTH} characters`);
  if (name === '') refuse('is empty');
  if (INVISIBLE.test(name)) refuse('has a control character or an invisible one');
  if (/(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name)) refuse('is a path that climbs');
  if (!name.isWellFormed()) refuse('has half a surrogate pair');
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') refuse('is reserved');
}

const TENSOR_KEYS: readonly string[] = ['dtype', 'shape', 'data_offsets'];

function readTensor(entry: StrictJson, fail: Fail): TensorInfo {
  if (!(entry instanceof Map)) return fail('its entry is not an object');
  for (const key of entry.keys()) if (!TENSOR_KEYS.includes(key)) fail(`the key ${shown(key)} is unknown`);
  const dtype = entry.get('dtype');
  if (!isDtype(dtype)) return fail(`the dtype ${shown(dtype ?? null)} is unknown`);
  const shape = readNumbers(entry.get('shape'), 'shape', fail);
  if (shape.length > MAX_RANK) fail(`it has ${shape.length} dimensions; at most ${MAX_RANK} are read`);
  const offsets = readNumbers(entry.get('data_offsets'), 'data_offsets', fail);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined)
    return fail('data_offsets is not a list of two numbers');
  if (begin > end) fail('data_offsets run backwards');
  const bits = elementCount(shape, fail) * DTYPE_BITS[dtype];
  if (bits > Number.MAX_SAFE_INTEGER) fail('the product of its shape overflows');
  if (bits % 8 !== 0) fail('its elements do not fill whole bytes');
  if (bits / 8 !== end - begin) fail(`its shape needs ${bits / 8} bytes and data_offsets span ${end - begin}`);
  return { dtype, shape, offsetBytes: begin, sizeBytes: end - begin };
}

function readNumbers(value: StrictJson | undefined, key: string, fail: Fail): number[] {
  if (!Array.isArray(value) || !value.every((n) => typeof n === 'number'))
    return fail(`${key} is not a list of whole numbers`);
  return value as number[];
}

function elementCount(shape: readonly number[], fail: Fail): number {
  let count = 1;
  for (const dimension of shape) {
    if (dimension > MAX_DIMENSION) fail(`the dimension ${dimension} is larger than ${MAX_DIMENSION}`);
    count *= dimension;
    if (count > Number.MAX_SAFE_INTEGER) fail('the product of its shape overflows');
  }
  return count;
}

/** Sorted by offset the tensors must follow one another from 0 to the end of the file. */
function checkContiguous(tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number, fail: Fail): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes);
  let end = 0;
  for (const [name, { offsetBytes, sizeBytes }] of sorted) {
    if (offsetBytes < end) fail(`tensor ${shown(name)} overlaps the one before it`);
    if (offsetBytes > end) fail(`there is a hole of ${offsetBytes - end} bytes before tensor ${shown(name)}`);
    end += sizeBytes;
  }
  if (end > dataBytes) fail(`the tensors need ${end} bytes and the file has ${dataBytes}; it is cut short`);
  if (end < dataBytes) fail(`${dataBytes - end} bytes follow the last tensor`);
}
