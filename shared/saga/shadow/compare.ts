/** Whether what would be decided is what was recorded. */
import type { SagaEvent } from '../../message/events.ts'
import { canonicalJson, type Json } from '../../message/json.ts'

/** Retries are drawn by lot: whether one may have been drawn is for others to say. */
export interface Drawn {
  readonly recorded: number
  readonly decided: number
}

export interface Fit {
  /** How many events are the same, from the first on. */
  readonly matched: number
  readonly drawn: readonly Drawn[]
}

export function fitOf(decided: readonly SagaEvent[], recorded: readonly SagaEvent[]): Fit {
  const drawn: Drawn[] = []
  let matched = 0
  for (const [i, event] of decided.entries()) {
    const other = recorded[i]
    if (!other || differing(other, event).some((field) => field !== 'retryAt')) break
    const [was, is] = [retryOf(other), retryOf(event)]
    if ((was === null) !== (is === null)) break
    if (typeof was === 'number' && typeof is === 'number') drawn.push({ recorded: was, decided: is })
    matched++
  }
  return { matched, drawn }
}

function retryOf(event: SagaEvent): number | null | undefined {
  return 'retryAt' in event ? event.retryAt : undefined
}

/** Fields in which two events differ, but for what says the version alone; `type` where they are of two types. */
export function differing(recorded: SagaEvent, decided: SagaEvent): readonly string[] {
  if (recorded.type !== decided.type) return ['type']
  const [one, other] = [fieldsOf(recorded, recorded), fieldsOf(decided, recorded)]
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => !isSame(one[name], other[name]))
}

function fieldsOf(event: SagaEvent, recorded: SagaEvent): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...event }
  delete fields.definitionHash
  if ('version' in fields) delete fields.version
  // A log from before it was written.
  if (recorded.type === 'saga-started' && recorded.pivot === undefined) delete fields.pivot
  return fields
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (one === undefined || other === undefined) return false
  if (typeof one !== 'object' || typeof other !== 'object') return false
  return canonicalJson(one as Json) === canonicalJson(other as Json)
}
