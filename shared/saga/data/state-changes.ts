/** How two states of a saga differ: of the saga, of each of its steps, and of each scope inside a block. */
import { canonicalJson, type Json } from '../../message/json.ts'
import { ROOT, scopePath, stepPath } from '../../message/step-path.ts'
import type { SagaState, ScopeState, StepState } from '../state.ts'

/** One difference. Without a field: the step, the scope, or what waits came or went as a whole, with what is known of it. */
export interface StateChange {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly of: 'saga' | 'step' | 'scope'
  /** Of the step or scope; empty: the saga. */
  readonly path: string
  readonly field?: string
  readonly before?: Json
  readonly after?: Json
}

type Fields = Readonly<Record<string, Json>>
type Parts = Map<string, { readonly of: StateChange['of']; readonly path: string; readonly fields: Fields }>

/** What differs; nothing when the second says the same as the first. `undefined`: there was no saga then. */
export function stateChanges(before: SagaState | undefined, after: SagaState | undefined): readonly StateChange[] {
  const [old, now] = [partsOf(before), partsOf(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const [one, other] = [old.get(key), now.get(key)]
    const part = other ?? one
    if (!part) return []
    const place = { of: part.of, path: part.path }
    if (one && other) return differences(place, one.fields, other.fields)
    return [
      other ? { kind: 'added', ...place, after: other.fields } : { kind: 'removed', ...place, before: part.fields },
    ]
  })
}

function differences(place: Pick<StateChange, 'of' | 'path'>, before: Fields, after: Fields): StateChange[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return fields.flatMap((field): StateChange[] => {
    const [one, other] = [before[field], after[field]]
    if (one !== undefined && other !== undefined)
      return canonicalJson(one) === canonicalJson(other)
        ? []
        : [{ kind: 'changed', ...place, field, before: one, after: other }]
    if (other !== undefined) return [{ kind: 'added', ...place, field, after: other }]
    return one === undefined ? [] : [{ kind: 'removed', ...place, field, before: one }]
  })
}

function partsOf(state: SagaState | undefined): Parts {
  const parts: Parts = new Map()
  if (!state) return parts
  parts.set(ROOT, { of: 'saga', path: ROOT, fields: sagaFields(state) })
  addSteps(parts, state.root, ROOT)
  return parts
}

function addSteps(parts: Parts, scope: ScopeState, around: string): void {
  for (const step of scope.steps) {
    const path = stepPath(around, step.name)
    parts.set(`step ${path}`, { of: 'step', path, fields: stepFields(step) })
    for (const inner of step.block?.scopes ?? []) {
      const at = scopePath(path, inner.key)
      parts.set(`scope ${at}`, { of: 'scope', path: at, fields: scopeFields(inner) })
      addSteps(parts, inner, at)
    }
  }
}

/** What of a saga says something to a person; the rest is bookkeeping, or follows from it. */
function sagaFields(state: SagaState): Fields {
  const { status, definition, version, input, deadlineAt, priority, paused, locks, cancelRequestId } = state
  const lists = {
    parked: state.parked.map(({ step, error }) => ({ step, ...error })),
    signals: state.signals.map(({ name, requestId, payload }) => ({ name, requestId, payload })),
    edited: state.edited,
    locks: locks.map(({ resource }) => resource),
  }
  const full = Object.entries(lists).filter(([, list]) => list.length > 0)
  const { phase, cause, output } = state.root
  const given = {
    status,
    definition,
    version,
    input,
    deadlineAt,
    priority,
    paused,
    cancelRequestId,
    phase,
    cause,
    output,
  }
  return asFields({ ...given, ...Object.fromEntries(full), ...(state.lateUndos > 0 && { lateUndos: state.lateUndos }) })
}

function scopeFields({ phase, cause, output, item }: ScopeState): Fields {
  return asFields({ phase, cause, output, item })
}

const BOOKKEEPING: ReadonlySet<string> = new Set(['name', 'block', 'before', 'budgetFrom', 'end', 'sent'])

function stepFields(step: StepState): Fields {
  const told = Object.entries(step).filter(([name]) => !BOOKKEEPING.has(name))
  return asFields({ ...Object.fromEntries(told), ...(step.block && { block: step.block.kind }) })
}

/** What is not known is left out. */
function asFields(fields: object): Fields {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(known) as Fields
}
