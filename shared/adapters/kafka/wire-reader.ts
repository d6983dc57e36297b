interface KnownName {
  readonly text: string
  readonly bytes: Uint8Array
}

const NAMES_KEPT_MAX = 1_000
/** By a hash of their bytes. One that comes later with the hash of another is decoded each time. */
const names = new Map<number, KnownName>()

function nameIn(bytes: Buffer, start: number, end: number): string {
  let hash = end - start
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0
  const known = names.get(hash)
  if (known && isSame(known.bytes, bytes, start, end)) return known.text
  const text = bytes.toString('utf8', start, end)
  if (!known && names.size < NAMES_KEPT_MAX)
    names.set(hash, { text, bytes: Uint8Array.from(bytes.subarray(start, end)) })
  return text
}

function isSame(known: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = start; i < end; i++) if (known[i - start] !== bytes[i]) return false
  return true
}

/** Reads Kafka's primitive types; throws `RangeError` past the end. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  int8(): number {
    return this.#bytes.readInt8(this.#step(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#step(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#step(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#step(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#step(8))
  }

  varint(): number {
    return Number(this.varlong())
  }

  varlong(): bigint {
    let low = 0
    let shift = 0
    // Nearly all values fit 28 bits, which numbers do much faster than bigints.
    for (; shift < 28; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#at++)
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (; shift < 70; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#at++)
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
    throw new RangeError('a varint of more than ten bytes')
  }

  string(): string {
    const length = this.int16()
    const at = this.#step(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  /** A view, not a copy. */
  raw(length: number): Buffer {
    const at = this.#step(length)
    return this.#bytes.subarray(at, at + length)
  }

  varbytes(): Buffer | null {
    const length = this.varint()
    return length < 0 ? null : this.raw(length)
  }

  /** A varint length, then UTF-8 of what is mostly one of a few names: each is decoded once. */
  name(): string {
    const length = this.varint()
    if (length <= 0) return ''
    const at = this.#step(length)
    return nameIn(this.#bytes, at, at + length)
  }

  array<T>(read: (reader: WireReader) => T): T[] {
    const length = this.int32()
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(read(this))
    return items
  }

  #step(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#bytes.length) throw new RangeError('read past the end of a response')
    this.#at = at + length
    return at
  }
}
