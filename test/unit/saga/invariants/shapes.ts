/** Small plans of every shape, and events short enough that a history of one can be read in a row. */
import { z } from 'zod'
import type { BlockKind, CompensationCause, SagaEvent, StepError } from '../../../../shared/message/events.ts'
import { sagaId } from '../../../../shared/message/ids.ts'
import { command, participant } from '../../../../shared/saga/contract.ts'
import type { Branch, Definition, Plan, PlannedCommand, StepDefinition } from '../../../../shared/saga/definition.ts'
import { COMPENSATION_RETRY } from '../../../../shared/saga/retry-policy.ts'
import { T0 } from '../../../support/given-when-then.ts'

const shop = participant('shop', { do: command({ input: z.unknown() }), undo: command({ input: z.unknown() }) })
const KID = sagaId('kid-1')

function sent(undo = false): PlannedCommand {
  const to = undo ? shop.undo : shop.do
  return { command: to, map: () => null, retry: COMPENSATION_RETRY, timeoutMs: 1_000 }
}

type Place = Partial<Pick<StepDefinition, 'kind' | 'after' | 'needs'>>

function placed(name: string, { kind = 'compensatable', after = [], needs = after.length }: Place) {
  return { name, kind, when: undefined, after, needs }
}

export function step(name: string, at: Place = {}, who: 'command' | 'person' | 'nobody' = 'command'): StepDefinition {
  const undo = who === 'command' ? sent(true) : undefined
  const byHand = who === 'person' ? 'give it back' : undefined
  return { ...placed(name, at), type: 'command', forward: sent(), undo, byHand }
}

function local(name: string, at: Place): StepDefinition {
  return { ...placed(name, at), type: 'local', compute: () => null }
}

function sleep(name: string, at: Place = {}): StepDefinition {
  return { ...placed(name, at), type: 'sleep', until: 1_000 }
}

function signal(name: string, at: Place = {}): StepDefinition {
  const spec = { name: 'paid', payload: z.unknown() }
  const waits = {
    type: 'signal',
    signal: spec,
    deadlineMs: 1_000,
    onDeadline: 'turn-back',
    approval: undefined,
  } as const
  return { ...placed(name, at), ...waits }
}

const plan = (...steps: StepDefinition[]): Plan => ({ steps, output: undefined })
const branch = (name: string, ...steps: StepDefinition[]): Branch => ({ name, plan: plan(...steps), when: undefined })

export function each(name: string, at: Place, body: Plan, tolerated = 0, parallelMax = 2): StepDefinition {
  return { ...placed(name, at), type: 'each', items: () => [], body, parallelMax, tolerated: { count: tolerated } }
}

export function saga(compensation: Definition['compensation'], ...steps: StepDefinition[]): Definition {
  return {
    ...plan(...steps),
    name: 'shape',
    version: 1,
    input: z.unknown(),
    deadlineMs: undefined,
    compensation,
    output: () => null,
  }
}

export const graph = saga(
  'parallel',
  step('a'),
  step('b', { after: ['a'] }),
  step('c', { after: ['a'] }),
  step('any', { after: ['b', 'c'], needs: 1 }),
  step('pay', { kind: 'pivot', after: ['b', 'c', 'any'] }, 'nobody'),
  step('note', { kind: 'retriable', after: ['pay'] }, 'nobody'),
)
export const through = saga('parallel', step('x'), local('mid', { after: ['x'] }), step('y', { after: ['mid'] }))
export const trip = saga(
  'parallel',
  {
    ...placed('trip', {}),
    type: 'parallel',
    enough: 2,
    branches: [branch('hotel', step('book')), branch('flight', step('book')), branch('car', step('book'))],
  },
  step('pay', { kind: 'pivot', after: ['trip'] }, 'nobody'),
)
export const route = saga('parallel', {
  ...placed('route', {}),
  type: 'choose',
  branches: [branch('air', step('fly')), branch('road', step('drive'))],
})
export const save = saga(
  'parallel',
  {
    ...placed('save', {}),
    type: 'attempt',
    branches: [branch('first', step('try'), step('more', { after: ['try'] })), branch('second', step('try'))],
  },
  step('pay', { kind: 'pivot', after: ['save'] }, 'nobody'),
)
const twoSteps = plan(step('label'), step('send', { after: ['label'] }))
export const parcels = saga('parallel', each('parcels', {}, twoSteps, 1), step('z', { after: ['parcels'] }))
export const poll = saga(
  'parallel',
  {
    ...placed('poll', {}),
    type: 'repeat',
    body: plan(step('look')),
    until: () => true,
    roundsMax: 3,
    atLimit: 'turn-back',
  },
  step('z', { after: ['poll'] }),
)
export const hand = saga('parallel', step('m', {}, 'person'), step('z', { after: ['m'] }))
export const waits = saga('parallel', step('a'), sleep('nap'), signal('asked', { after: ['nap'] }))
export const oneByOne = saga('sequential', step('a'), step('b'), each('items', { after: ['a'] }, plan(step('do'))))
const starts = { definition: 'kid', version: 1 }
export const family = saga(
  'parallel',
  {
    ...placed('kid', {}),
    type: 'child',
    child: starts,
    forward: sent(),
    undo: sent(true),
    byHand: undefined,
    id: undefined,
    waits: true,
  },
  step('z', { after: ['kid'] }),
)

export const REFUSED: StepError = { kind: 'rejected', code: 'no', message: 'no' }
export const LOST: StepError = { kind: 'timeout', code: 'timeout', message: 'nothing heard' }
export const BUG: StepError = { kind: 'mapping', code: 'mapping', message: 'a bug' }
const BY_HAND: StepError = { kind: 'person', code: 'undo-by-hand', message: 'give it back' }

export const start: SagaEvent = {
  type: 'saga-started',
  definition: 'shape',
  version: 1,
  input: null,
  inputHash: 'h',
  deadlineAt: null,
}
export const PARENT = { sagaId: sagaId('parent-1'), step: 'kid', attempt: 1, waits: true } as const
export const childStart: SagaEvent = { ...start, parent: PARENT }

const asked = { definition: 'shape', version: 1, participant: 'shop', payload: null, timeoutAt: T0 } as const

export const ask = (path: string, attempt = 1): SagaEvent => {
  return { type: 'step-requested', step: path, attempt, ...asked, commandType: 'shop.do.v1' }
}
export const ok = (path: string, attempt = 1): SagaEvent => {
  return { type: 'step-succeeded', step: path, attempt, output: null }
}
export const did = (...paths: string[]): SagaEvent[] => paths.flatMap((path) => [ask(path), ok(path)])
export const no = (path: string, attempt = 1): SagaEvent => {
  return { type: 'step-rejected', step: path, attempt, error: REFUSED }
}
export const lost = (path: string, retryAt: number | null = null): SagaEvent => {
  return { type: 'step-failed', step: path, attempt: 1, error: LOST, retryAt }
}
export const undo = (path: string, attempt = 1): SagaEvent => {
  return { type: 'compensation-requested', step: path, attempt, ...asked, commandType: 'shop.undo.v1' }
}
export const undone = (path: string): SagaEvent => ({ type: 'compensation-succeeded', step: path, attempt: 1 })
export const undid = (...paths: string[]): SagaEvent[] => paths.flatMap((path) => [undo(path), undone(path)])
export const undoLost = (path: string, retryAt: number | null = null): SagaEvent => {
  return { type: 'compensation-failed', step: path, attempt: 1, error: LOST, retryAt }
}

export const opened = (path: string, block: BlockKind, count: number | null = null): SagaEvent => {
  return { type: 'block-started', step: path, block, count }
}
export const begun = (...scopes: string[]): SagaEvent[] => {
  return scopes.map((scope) => ({
    type: 'scope-started',
    scope,
    ...(/^(parcels|items)/.test(scope) ? { item: 1 } : {}),
  }))
}
export const full = (...scopes: string[]): SagaEvent[] => scopes.map((scope) => ({ type: 'scope-completed', scope }))
export const settled = (...scopes: string[]): SagaEvent[] =>
  scopes.map((scope) => ({ type: 'scope-compensated', scope }))
export const closed = (path: string): SagaEvent => ({ type: 'block-completed', step: path })

export const because = (path: string, kind: 'rejected' | 'failed' = 'rejected'): CompensationCause => {
  return { kind, step: path, error: kind === 'rejected' ? REFUSED : LOST }
}
export const cancelled: CompensationCause = { kind: 'cancelled', requestId: 'c', actor: 'ann', reason: 'changed' }
export const superseded: CompensationCause = { kind: 'superseded', step: 'trip' }
export const byParent: CompensationCause = { kind: 'parent' }
/** The saga turns back, or the scope that is named. */
export const back = (cause: CompensationCause, scope?: string): SagaEvent => {
  return { type: 'compensation-started', cause, ...(scope === undefined ? {} : { scope }) }
}
export const stuck = (path: string | null, error = BUG): SagaEvent => ({ type: 'saga-stuck', step: path, error })
export const byHand = (path: string): SagaEvent => stuck(path, BY_HAND)
const person = { requestId: 'r', actor: 'ann', reason: 'why' }
export const retry: SagaEvent = { type: 'retry-requested', ...person }
export const killed: SagaEvent = { type: 'saga-killed', ...person }
export const resolved = (path: string): SagaEvent => ({ type: 'undo-resolved', step: path, ...person })
export const skippedNotDone = (path: string): SagaEvent => {
  return { type: 'step-resolved', step: path, output: null, notDone: true, ...person }
}
export const late = (path: string): SagaEvent => ({ type: 'late-success', step: path, attempt: 1, output: null })
export const yields: SagaEvent = { type: 'turn-yielded', more: true }
export const completed: SagaEvent = { type: 'saga-completed', output: null }
export const compensated: SagaEvent = { type: 'saga-compensated' }

export const waiting = (path: string, until: number | null, name: string | null = null): SagaEvent => {
  return { type: 'wait-started', step: path, until, signal: name }
}
export const waited = (path: string, requestId: string | null = null): SagaEvent => {
  return { type: 'wait-ended', step: path, requestId, output: null }
}
export const signalled = (name: string, requestId = 's-1'): SagaEvent => {
  return { type: 'signal-received', name, payload: null, requestId }
}

/** The commands to a child saga. */
export const askKid = (change: object = {}): SagaEvent => {
  const command = { ...asked, participant: 'kasaga', timeoutAt: null, child: KID, starts, ...change }
  return { type: 'step-requested', step: 'kid', attempt: 1, commandType: 'kasaga.start.v1', ...command }
}
export const undoKid = (commandType = 'kasaga.undo.v1', child = KID): SagaEvent => {
  const command = { ...asked, participant: 'kasaga', timeoutAt: null, child, commandType }
  return { type: 'compensation-requested', step: 'kid', attempt: 1, ...command }
}
export const undoAsked = (attempt = 1): SagaEvent => ({ type: 'undo-requested', attempt })
export const answered = (direction: 'forward' | 'compensate', change: object = {}): SagaEvent => {
  const answer = { parent: PARENT.sagaId, step: 'kid', attempt: 1, outcome: 'success' as const, body: null }
  return { type: 'parent-answered', direction, ...answer, ...change }
}
export const voided: SagaEvent = { type: 'saga-voided', parent: PARENT }
