import type { Scalar, ScalarType } from './format.js';

/** Thrown inside the parser where the bytes read so far end: more may follow in the file. */
export class OutOfBytes extends Error {}

/** Takes numbers and texts from the beginning of a file, one after the other. */
export class HeaderReader {
  private readonly view: DataView;
  positionBytes = 0;
  private elements = 0;

  /** @param fail throws with what is wrong */
  constructor(
    private readonly bytes: Uint8Array,
    readonly fail: (problem: string) => never,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private take(length: number): number {
    const at = this.positionBytes;
    if (at + length > this.bytes.length) throw new OutOfBytes();
    this.positionBytes += length;
    return at;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** A count or size that must stay below a bound. */
  count(what: string, max: number): number {
    const value = this.view.getBigUint64(this.take(8), true);
    if (value > BigInt(max)) this.fail(`${what} is said to be ${value}; at most ${max} is read`);
    return Number(value);
  }

  /** The length of a list, which counts against a bound for all of them. */
  listLength(what: string, max: number): number {
    const length = this.count(what, max);
    this.elements += length;
    return this.elements > max ? this.fail(`its lists have more than ${max} elements`) : length;
  }

  text(what: string, maxBytes: number): string {
    const length = this.count(`the length of ${what}`, maxBytes);
    const at = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(at, at + length));
    } catch {
      return this.fail(`${what} is no UTF-8 text`);
    }
  }

  scalar(type: ScalarType, maxTextBytes: number): Scalar {
    const { view } = this;
    switch (type) {
      case 'u8':
        return view.getUint8(this.take(1));
      case 'i8':
        return view.getInt8(this.take(1));
      case 'u16':
        return view.getUint16(this.take(2), true);
      case 'i16':
        return view.getInt16(this.take(2), true);
      case 'u32':
        return this.u32();
      case 'i32':
        return view.getInt32(this.take(4), true);
      case 'f32':
        return view.getFloat32(this.take(4), true);
      case 'f64':
        return view.getFloat64(this.take(8), true);
      case 'u64':
        return view.getBigUint64(this.take(8), true);
      case 'i64':
        return view.getBigInt64(this.take(8), true);
      case 'string':
        return this.text('a text', maxTextBytes);
      case 'bool': {
        const byte = view.getUint8(this.take(1));
        return byte > 1 ? this.fail(`a truth value is ${byte}`) : byte === 1;
      }
    }
  }
}
