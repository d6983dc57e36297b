const INITIAL_BYTES = 1_024

/** Writes Kafka's primitive types into bytes that grow as needed. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  int8(value: number): this {
    this.#length = this.#room(1).writeInt8(value, this.#length)
    return this
  }

  int16(value: number): this {
    this.#length = this.#room(2).writeInt16BE(value, this.#length)
    return this
  }

  int32(value: number): this {
    this.#length = this.#room(4).writeInt32BE(value, this.#length)
    return this
  }

  int64(value: bigint): this {
    this.#length = this.#room(8).writeBigInt64BE(value, this.#length)
    return this
  }

  /** Zig-zag, seven bits a byte, the lowest first; for what fits 32 bits. */
  varint(value: number): this {
    const bytes = this.#room(5)
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 0x7f) {
      bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[this.#length++] = rest
    return this
  }

  raw(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** A length of 16 bits, then UTF-8. */
  string(value: string): this {
    const length = Buffer.byteLength(value)
    this.int16(length).#room(length).write(value, this.#length)
    this.#length += length
    return this
  }

  /** A varint length, -1 for null, then the bytes; text as UTF-8. */
  varbytes(value: string | Uint8Array | null): this {
    if (value === null) return this.varint(-1)
    if (typeof value !== 'string') return this.varint(value.length).raw(value)
    const length = Buffer.byteLength(value)
    this.varint(length).#room(length).write(value, this.#length)
    this.#length += length
    return this
  }

  /** Overwrites 32 bits that were written before. */
  patchUint32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value >>> 0, at)
  }

  /** What has been written, without a copy: write nothing more afterwards. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(bytes: number): Buffer {
    const needed = this.#length + bytes
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    return this.#bytes
  }
}

/** Bytes that `varint` takes for a value. */
export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag === 0 ? 1 : Math.ceil((32 - Math.clz32(zigzag)) / 7)
}

/** Bytes that `varbytes` takes for a value. */
export function varbytesBytes(value: string | Uint8Array | null): number {
  if (value === null) return 1
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length
  return varintBytes(length) + length
}
