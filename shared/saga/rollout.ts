/** Which version a start takes that names none: by shares of all saga ids, so that every owner and gateway says the same. */
import { partitionOf } from '../message/murmur2.ts'

export type Share = `${number}%`

/** By definition and version; what is left goes to the newest version that has no share. */
export type Rollout = Readonly<Record<string, Readonly<Record<number, Share>>>>

/** Ids fall into so many parts: a share counts in hundredths of a percent. */
const PARTS = 10_000
const SHARE = /^(\d{1,3}(?:\.\d{1,2})?)%$/

/** How the starts of one definition are shared out. */
export class Shares {
  readonly #name: string
  /** Versions, each with the part that it no longer has. */
  readonly #ends: readonly (readonly [version: number, end: number])[]
  readonly #rest: number

  /** @throws TypeError when a version is not there, a share is none, or they do not come to all starts. */
  constructor(name: string, versions: readonly number[], shares: Rollout[string]) {
    this.#name = name
    const shared = Object.keys(shares).map(Number)
    const missing = shared.find((version) => !versions.includes(version))
    if (missing !== undefined) throw new TypeError(`rollout of ${name}: there is no version ${missing}`)
    let end = 0
    this.#ends = shared.map((version) => {
      end += partsOf(name, version, String(shares[version]))
      return [version, end] as const
    })
    const others = versions.filter((version) => !shared.includes(version))
    if (end > PARTS || (end < PARTS && others.length === 0))
      throw new TypeError(`rollout of ${name}: the shares come to ${end / 100}% of all starts`)
    this.#rest = Math.max(...others)
  }

  /** The version of a start: a saga id has the same for ever, and as a share grows none goes back to the rest. */
  versionFor(sagaId: string): number {
    // Not the id alone: its hash is the partition, and the parts of two definitions are not to be the same sagas.
    const part = partitionOf(`${this.#name}/${sagaId}`, PARTS)
    return this.#ends.find(([, end]) => part < end)?.[0] ?? this.#rest
  }
}

function partsOf(name: string, version: number, share: string): number {
  const parts = Math.round(Number(SHARE.exec(share)?.[1] ?? Number.NaN) * 100)
  if (parts <= PARTS) return parts
  throw new TypeError(`rollout of ${name}: the share of version ${version} is not 0% to 100%, to two places: ${share}`)
}
