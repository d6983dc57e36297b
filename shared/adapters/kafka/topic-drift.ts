/** Where the settings of a topic are not what this version would have made it with, to the harm of what is in it. Pure. */
import type { TopicDrift, TopicSpec } from '../../ports/broker.ts'

const DAY_MS = 24 * 60 * 60 * 1_000
const COMPACTED_SEGMENT_BYTES = 32 * 1024 * 1024

export interface Setting {
  readonly name: string
  readonly value: string
}

/** What a topic is made with. */
export function settingsOf({ retention }: Pick<TopicSpec, 'retention'>, inSync: number): readonly Setting[] {
  return [...retentionSettings(retention), { name: 'min.insync.replicas', value: String(inSync) }]
}

function retentionSettings(retention: TopicSpec['retention']): Setting[] {
  if (retention === 'compacted')
    return [
      { name: 'cleanup.policy', value: 'compact' },
      // What is still being written to is never compacted, and whoever takes a partition over reads all of it.
      { name: 'segment.bytes', value: String(COMPACTED_SEGMENT_BYTES) },
      { name: 'min.cleanable.dirty.ratio', value: '0.3' },
    ]
  const retentionMs = retention === 'forever' ? -1 : retention.days * DAY_MS
  return [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(retentionMs) },
  ]
}

/** `retention.bytes` is not set when a topic is made, and may let records go all the same. */
export function driftOf(spec: TopicSpec, inSync: number, found: readonly Setting[]): readonly TopicDrift[] {
  const is = new Map(found.map(({ name, value }) => [name, value]))
  const wanted = [...settingsOf(spec, inSync), ...(spec.retention === 'compacted' ? [] : [UNBOUNDED])]
  return wanted.flatMap(({ name, value }) => {
    const own = is.get(name)
    if (own === undefined || !isHarmful(name, own, value)) return []
    return [
      {
        topic: spec.name,
        setting: name,
        is: own,
        wanted: value,
        losesLog: spec.retention === 'forever' && LOSES.has(name),
      },
    ]
  })
}

const UNBOUNDED: Setting = { name: 'retention.bytes', value: '-1' }
const LOSES: ReadonlySet<string> = new Set(['cleanup.policy', 'retention.ms', 'retention.bytes'])

/** Kept for longer, or more safely, than wanted is no harm; nor is when a compacted topic is cleaned. */
function isHarmful(name: string, is: string, wanted: string): boolean {
  switch (name) {
    case 'cleanup.policy':
      return is !== wanted
    case 'retention.ms':
    case 'retention.bytes':
      return is !== '-1' && (wanted === '-1' || Number(is) < Number(wanted))
    case 'min.insync.replicas':
      return Number(is) < Number(wanted)
    default:
      return false
  }
}
