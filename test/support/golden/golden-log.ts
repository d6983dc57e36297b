/** A golden log: what a version of the engine wrote, and what it held its fold to be. NDJSON, the outcome first. */
import { eventRecord } from '../../../shared/message/event-record.ts'
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { UPCASTS } from '../../../shared/message/upcast/forms.ts'
import { chainHash } from '../../../shared/runtime/event-chain.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState, ScopeState } from '../../../shared/saga/state.ts'

/** What a fold comes to, in words that no version may give another meaning. */
export interface Outcome {
  readonly status: string
  readonly seq: number
  /** Status of each step by its path, and phase of each scope. */
  readonly at: Readonly<Record<string, string>>
}

export interface GoldenLog {
  readonly outcome: Outcome
  readonly history: readonly EventEnvelope[]
}

/** What was read, and whether the hash of each event is still that of its record (S24). */
export interface ReadGolden extends GoldenLog {
  readonly chained: boolean
}

const SOURCE = '/kasaga/golden'

export function foldOf(history: readonly EventEnvelope[]): Outcome {
  const state = history.reduce<SagaState | undefined>(evolve, undefined)
  if (!state) throw new Error('a golden log has events')
  return { status: state.status, seq: state.seq, at: Object.fromEntries(standings(state.root, '')) }
}

function standings(scope: ScopeState, prefix: string): [string, string][] {
  return scope.steps.flatMap((step) => {
    const path = `${prefix}${step.name}`
    const inside = [...(step.block?.scopes ?? [])].flatMap((inner): [string, string][] => {
      const at = `${path}[${inner.key}]`
      return [[at, inner.phase], ...standings(inner, `${at}.`)]
    })
    return [[path, step.status], ...inside] satisfies [string, string][]
  })
}

/** An event as its version wrote it: a line says its format where it is not the first. */
type Line = EventEnvelope & { readonly format?: number; readonly chain?: string }

export function goldenText({ outcome, history }: GoldenLog): string {
  let chain: string | undefined
  const lines = history.map((envelope): Line => {
    const format = UPCASTS.formatOf(envelope.event.type)
    const line = format === 1 ? envelope : { ...envelope, format }
    chain = chainHash(chain, recordOf(line)) ?? ''
    return { ...line, chain }
  })
  return [outcome, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Read as records are: older forms become present ones. */
export function readGolden(text: string): ReadGolden {
  const [outcome, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  let before: string | undefined
  const fits = (line: Line): boolean => {
    const own = chainHash(before, recordOf(line))
    before = line.chain
    return own === line.chain
  }
  return { outcome, history: lines.map(presentOf), chained: lines.every(fits) }
}

/** The record that its version wrote. */
function recordOf({ format = 1, chain, ...envelope }: Line): NewRecord {
  const record = eventRecord(envelope, SOURCE)
  const type = `kasaga.${envelope.event.type}.v${format}`
  return { ...record, headers: record.headers.map(([name, text]) => [name, name === H.type ? type : text]) }
}

function presentOf({ format = 1, chain, event, ...place }: Line): EventEnvelope {
  const { type, ...data } = event
  const present = UPCASTS.upcast({ type, format, data })
  if (present.kind === 'unreadable') throw new Error(present.why)
  return { ...place, event: { type: present.type, ...present.data } as SagaEvent }
}
