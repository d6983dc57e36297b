/**
 * What was acknowledged, beside the log: where each partition ended. A log that is found to end before that has lost what
 * somebody relies on, which its own file cannot tell: SQLite takes a log that was cut off for a shorter one.
 *
 * Written over in place, after the commit and before the answer, and not synced: a process that is killed leaves it as it
 * was, a loss of power may leave an older one, or none that can be read. So it says too little at times, and never too much.
 *
 *   file = "KSE1", count, end*, CRC-32 of all before it      integers little-endian, of 32 bits
 *   end  = number of the topic, partition, offset (64 bits)
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const MAGIC = 'KSE1'
const HEAD_BYTES = 8
const END_BYTES = 16
const CRC_BYTES = 4

export interface PartitionEnd {
  readonly topic: number
  readonly part: number
  readonly end: number
}

export class AcknowledgedEnds {
  readonly #fd: number
  /** Where the end of a partition stands in the bytes. */
  readonly #places = new Map<string, number>()
  #bytes = Buffer.alloc(HEAD_BYTES + CRC_BYTES)

  /** Begins anew: with nothing said until `keep` and `write`. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+')
    this.#bytes.write(MAGIC, 0, 'latin1')
  }

  /** Notes an end; `write` keeps what was noted. */
  keep({ topic, part, end }: PartitionEnd): void {
    const name = `${topic}/${part}`
    let at = this.#places.get(name)
    if (at === undefined) {
      at = HEAD_BYTES + this.#places.size * END_BYTES
      this.#places.set(name, at)
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, at), Buffer.alloc(END_BYTES + CRC_BYTES)])
      this.#bytes.writeUInt32LE(this.#places.size, MAGIC.length)
      this.#bytes.writeUInt32LE(topic, at)
      this.#bytes.writeUInt32LE(part, at + 4)
    }
    this.#bytes.writeBigUInt64LE(BigInt(end), at + 8)
  }

  /** Where it fails an older one stays, which is as right as before: the write itself was kept. */
  write(): void {
    const crcAt = this.#bytes.length - CRC_BYTES
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(0, crcAt)), crcAt)
    try {
      writeSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0)
    } catch {}
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** What the file says; nothing where there is none, or none that can be read. Makes an empty one. */
export function acknowledgedEnds(path: string): PartitionEnd[] {
  closeSync(openSync(path, 'a'))
  const bytes = readFileSync(path)
  if (bytes.length < HEAD_BYTES + CRC_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return []
  const crcAt = HEAD_BYTES + bytes.readUInt32LE(MAGIC.length) * END_BYTES
  if (crcAt + CRC_BYTES > bytes.length || crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32LE(crcAt)) return []
  const ends: PartitionEnd[] = []
  for (let at = HEAD_BYTES; at < crcAt; at += END_BYTES)
    ends.push({
      topic: bytes.readUInt32LE(at),
      part: bytes.readUInt32LE(at + 4),
      end: Number(bytes.readBigUInt64LE(at + 8)),
    })
  return ends
}
