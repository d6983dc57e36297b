/** A golden log: what a version of the engine wrote, and what it held its fold to be. NDJSON, the outcome first. */
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { UPCASTS } from '../../../shared/message/upcast/forms.ts'
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
type Line = EventEnvelope & { readonly format?: number }

export function goldenText({ outcome, history }: GoldenLog): string {
  const lines = history.map((envelope): Line => {
    const format = UPCASTS.formatOf(envelope.event.type)
    return format === 1 ? envelope : { ...envelope, format }
  })
  return [outcome, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Read as records are: older forms become present ones. */
export function readGolden(text: string): GoldenLog {
  const [outcome, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { outcome, history: lines.map(presentOf) }
}

function presentOf({ format = 1, event, ...place }: Line): EventEnvelope {
  const { type, ...data } = event
  const present = UPCASTS.upcast({ type, format, data })
  if (present.kind === 'unreadable') throw new Error(present.why)
  return { ...place, event: { type: present.type, ...present.data } as SagaEvent }
}
