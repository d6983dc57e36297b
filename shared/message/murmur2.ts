/** Kafka's default partitioner, so that a client in any language lands on the partition that its saga's owner reads. */

const SEED = 0x9747b28c | 0
const M = 0x5bd1e995 | 0
const R = 24

/** murmur2 as Apache Kafka's Java client computes it, over bytes; a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const length = data.length
  let h = SEED ^ length
  const whole = length - (length % 4)
  for (let i = 0; i < whole; i += 4) {
    let k = byte(data, i) | (byte(data, i + 1) << 8) | (byte(data, i + 2) << 16) | (byte(data, i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> R
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const rest = length - whole
  if (rest === 3) h ^= byte(data, whole + 2) << 16
  if (rest >= 2) h ^= byte(data, whole + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ byte(data, whole), M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

function byte(data: Uint8Array, i: number): number {
  return data[i] ?? 0
}

const encoder = new TextEncoder()

/** The partition of a key: `(murmur2(key) & 0x7fffffff) % partitions`. */
export function partitionOf(key: string | Uint8Array, partitions: number): number {
  const bytes = typeof key === 'string' ? encoder.encode(key) : key
  return (murmur2(bytes) & 0x7fffffff) % partitions
}
