import { shown } from '../shown.js';
import {
  DEFAULT_ALIGNMENT,
  type GgufMetadata,
  type GgufTensorInfo,
  type GgufTensorType,
  type GgufValue,
  MAGIC,
  type ScalarType,
  TENSOR_TYPES,
  VALUE_TYPES,
  VERSION,
  type ValueType,
  aligned,
  tensorBytes,
} from './format.js';
import { HeaderReader } from './header-reader.js';
import {
  MAX_ALIGNMENT,
  MAX_LIST_ELEMENTS,
  MAX_KEYS,
  MAX_KEY_BYTES,
  MAX_METADATA_BYTES,
  MAX_NAME_BYTES,
  MAX_RANK,
  MAX_TENSORS,
} from './limits.js';

/** What a file says before its data. */
export interface GgufHeader {
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
  readonly dataStart: number;
}

const TYPE_OF_ID = new Map(Object.entries(VALUE_TYPES).map(([name, id]) => [id as number, name as ValueType]));
const TENSOR_OF_ID = new Map(
  Object.entries(TENSOR_TYPES).map(([name, { id }]) => [id as number, name as GgufTensorType]),
);

/**
 * Parses and checks the beginning of a GGUF file. Every count is judged before anything is made for it.
 * @param bytes the file, or so much of it as was read
 * @param sizeBytes of the whole file
 * @param fail throws with the broken rule
 * @throws OutOfBytes when the header goes on behind `bytes`
 */
export function parseHeader(bytes: Uint8Array, sizeBytes: number, fail: (problem: string) => never): GgufHeader {
  const reader = new HeaderReader(bytes, fail);
  if (reader.u32() !== MAGIC) fail('it does not begin with GGUF');
  const version = reader.u32();
  if (version !== VERSION) fail(`it has version ${version}; only ${VERSION} is read`);
  const tensorCount = reader.count('the number of tensors', MAX_TENSORS);
  const keyCount = reader.count('the number of keys', MAX_KEYS);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = reader.text('a key', MAX_KEY_BYTES);
    if (metadata.has(key)) fail(`key ${shown(key)} stands twice`);
    metadata.set(key, readValue(reader, key));
  }
  const alignment = alignmentOf(metadata, fail);
  const tensors = new Map<string, GgufTensorInfo>();
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.text('the name of a tensor', MAX_NAME_BYTES);
    if (tensors.has(name)) fail(`tensor ${shown(name)} stands twice`);
    tensors.set(name, readInfo(reader, name, alignment));
  }
  const dataStart = aligned(reader.positionBytes, alignment);
  checkPlaces(tensors, sizeBytes - dataStart, fail);
  return { metadata, tensors, dataStart };
}

function readValue(reader: HeaderReader, key: string): GgufValue {
  const scalarType = (): ScalarType => {
    const id = reader.u32();
    const type = TYPE_OF_ID.get(id);
    if (type === undefined || type === 'array') return reader.fail(`key ${shown(key)} has elements of type ${id}`);
    return type;
  };
  const id = reader.u32();
  const type = TYPE_OF_ID.get(id);
  if (type === undefined) return reader.fail(`key ${shown(key)} has the unknown type ${id}`);
  if (type !== 'array') return { type, value: reader.scalar(type, MAX_METADATA_BYTES) };
  const of = scalarType();
  const length = reader.listLength(`the length of ${shown(key)}`, MAX_LIST_ELEMENTS);
  const value = [];
  for (let i = 0; i < length; i++) value.push(reader.scalar(of, MAX_METADATA_BYTES));
  return { type, of, value };
}

function alignmentOf(metadata: GgufMetadata, fail: (problem: string) => never): number {
  const given = metadata.get('general.alignment');
  if (given === undefined) return DEFAULT_ALIGNMENT;
  const value = given.type === 'u32' ? (given.value as number) : 0;
  if (value < 8 || value > MAX_ALIGNMENT || value % 8 !== 0)
    fail(`general.alignment is ${String(given.value)}, not a multiple of 8 up to ${MAX_ALIGNMENT}`);
  return value;
}

function readInfo(reader: HeaderReader, name: string, alignment: number): GgufTensorInfo {
  const rank = reader.u32();
  if (rank < 1 || rank > MAX_RANK) reader.fail(`tensor ${shown(name)} has ${rank} dimensions`);
  const shape = Array.from({ length: rank }, () => reader.count(`a dimension of ${shown(name)}`, 2 ** 32)).reverse();
  const id = reader.u32();
  const type = TENSOR_OF_ID.get(id);
  const offsetBytes = reader.count(`the offset of ${shown(name)}`, Number.MAX_SAFE_INTEGER);
  if (type === undefined)
    return reader.fail(`tensor ${shown(name)} has the type ${id}; ${Object.keys(TENSOR_TYPES).join(', ')} are read`);
  const size = shape.reduce((a, b) => a * b, 1);
  if (size === 0 || size > Number.MAX_SAFE_INTEGER) reader.fail(`tensor ${shown(name)} has ${size} elements`);
  if (shape.at(-1)! % TENSOR_TYPES[type].block !== 0)
    reader.fail(
      `tensor ${shown(name)} has rows of ${shape.at(-1)}, no multiple of the ${TENSOR_TYPES[type].block} of ${type}`,
    );
  if (offsetBytes % alignment !== 0)
    reader.fail(`tensor ${shown(name)} begins at ${offsetBytes}, no multiple of ${alignment}`);
  return { type, shape, offsetBytes, sizeBytes: tensorBytes(type, shape) };
}

/** Inside the file, and none over another. */
function checkPlaces(
  tensors: ReadonlyMap<string, GgufTensorInfo>,
  dataBytes: number,
  fail: (problem: string) => never,
): void {
  let end = 0;
  for (const [name, info] of [...tensors].sort(([, a], [, b]) => a.offsetBytes - b.offsetBytes)) {
    if (info.offsetBytes < end) fail(`tensor ${shown(name)} lies over another`);
    end = info.offsetBytes + info.sizeBytes;
    if (end > dataBytes) fail(`tensor ${shown(name)} ends at ${end} and the data at ${Math.max(0, dataBytes)}`);
  }
}
