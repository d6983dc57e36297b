/** What of a saga would be undone, in which order, and how: the way back played to its end, with every undo done at once. */
import type { SagaEvent } from '../../message/events.ts'
import type { Definition } from '../definition.ts'
import { type PlacedStep, Rehearsal, stepsThatWait } from '../rehearsal.ts'
import type { SagaState } from '../state.ts'

/** One undo. Those with the same turn go side by side. */
export interface PlannedUndo {
  readonly turn: number
  readonly step: string
  /** `person`: its undo cannot be sent, and a person has to say that it was done. */
  readonly by: 'command' | 'child' | 'lock' | 'hand' | 'person'
  /** The command's type, the child's id, the lock's resource, or what the person is told. */
  readonly what: string
  readonly participant: string | null
}

export type IfCancelled =
  /** It turns back; or it has, and this is what is left. `complete` is false where it was not played to its end. */
  | { readonly kind: 'undone'; readonly undo: readonly PlannedUndo[]; readonly complete: boolean }
  /** The pivot is on its way, and its answer decides. */
  | { readonly kind: 'after-pivot' }
  | { readonly kind: 'refused'; readonly why: 'past-pivot' | 'pivot-unknown' }
  | { readonly kind: 'over' }

/** Undos that are played. */
const UNDOS_MAX = 200

/** What a cancel would lead to now. */
export function ifCancelled(definition: Definition, state: SagaState, now: number): IfCancelled {
  const { phase } = state.root
  if (state.status === 'failed' || phase === 'done' || phase === 'undone') return { kind: 'over' }
  const rehearsal = new Rehearsal(definition, state, now)
  const told = phase === 'backward' ? underWay(state) : rehearsal.act('cancel')
  const refusal = told.find((event) => event.type === 'cancel-refused')
  if (refusal) return { kind: 'refused', why: refusal.why }
  if (state.cancelRequestId !== undefined || told.some(({ type }) => type === 'cancel-requested'))
    return { kind: 'after-pivot' }
  return { kind: 'undone', ...wayBack(rehearsal, told) }
}

/** Undos that have been asked for already: they are of the first turn. */
function underWay(state: SagaState): readonly SagaEvent[] {
  return [...stepsThatWait(state)].flatMap(({ path, step }): SagaEvent[] => {
    const { sent, lock, child, attempt } = step
    const undo = sent?.undo ?? sent?.forward
    if (!undo || !UNDOING.has(step.status)) return []
    const command = { definition: state.definition, version: state.version, payload: null, timeoutAt: null, ...undo }
    const { starts: _, ...asked } = { ...command, ...(child && { child: child.id }), ...(lock && { lock }) }
    return [{ type: 'compensation-requested', step: path, attempt, ...asked }]
  })
}

const UNDOING: ReadonlySet<string> = new Set(['undoing', 'undo-retrying', 'undo-held'])

function wayBack(rehearsal: Rehearsal, first: readonly SagaEvent[]) {
  const undo: PlannedUndo[] = []
  const seen = new Set<string>()
  const note = (events: readonly SagaEvent[], turn: number) => {
    for (const event of events) {
      const planned = plannedUndo(event, turn)
      if (planned && !seen.has(planned.step)) undo.push(planned)
      if (planned) seen.add(planned.step)
    }
  }
  for (const { step, error } of rehearsal.state.parked)
    if (step !== null && rehearsal.state.root.phase === 'backward') note([{ type: 'saga-stuck', step, error }], 1)
  note([...first, ...(rehearsal.state.paused ? rehearsal.act('resume') : [])], 1)
  for (let turn = 2; rehearsal.state.root.phase === 'backward' && undo.length < UNDOS_MAX; turn++) {
    const before = rehearsal.state
    note(goBack(rehearsal), turn)
    if (rehearsal.state === before) break
  }
  return { undo, complete: rehearsal.state.root.phase !== 'backward' }
}

/** All that is being undone is undone, and what waits for a person is done by hand. */
function goBack(rehearsal: Rehearsal): readonly SagaEvent[] {
  const told: SagaEvent[] = [...rehearsal.admit()]
  if (rehearsal.state.yielded) told.push(...rehearsal.fire())
  const open = [...stepsThatWait(rehearsal.state)].filter(isUndoing)
  for (const placed of open) told.push(...rehearsal.answer(placed, { outcome: 'success', body: null }))
  for (const { step } of rehearsal.state.parked) if (step !== null) told.push(...rehearsal.undoneByHand(step))
  return told
}

const isUndoing = ({ step }: PlacedStep): boolean => step.status === 'undoing' || step.status === 'undo-retrying'

function plannedUndo(event: SagaEvent, turn: number): PlannedUndo | undefined {
  if (event.type === 'saga-stuck' && event.step !== null) {
    const by = event.error.code === 'undo-by-hand' ? 'hand' : 'person'
    return { turn, step: event.step, by, what: event.error.message, participant: null }
  }
  if (event.type === 'compensation-held')
    return { turn, step: event.step, by: 'command', what: '', participant: event.participant }
  if (event.type !== 'compensation-requested') return undefined
  const { step, participant, commandType, child, lock } = event
  if (lock) return { turn, step, by: 'lock', what: lock.resource, participant: null }
  if (child !== undefined) return { turn, step, by: 'child', what: child, participant: null }
  return { turn, step, by: 'command', what: commandType, participant }
}
