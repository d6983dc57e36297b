/** S10: what asks for a command says all of it, and no two ask for the same. */
import type { RequestedCommand } from '../../message/events.ts'
import type { StepEvent } from '../legality.ts'
import type { Expect, Reading, StepBook } from './book.ts'

export function expectCommand(step: StepBook, { event, at, expect }: Reading<StepEvent>): void {
  if (event.type === 'step-requested') {
    step.attempts++
    step.command = event.starts ? `kasaga ${event.starts.definition}` : `${event.participant} ${event.commandType}`
    expect('S10', event.attempt === step.attempts, `attempt ${event.attempt} of ${step.path} is its ${step.attempts}.`)
    expectWhole(event, at, expect)
    expectAdmitted(step, event, expect)
    expectEdited(step.edited.forward, event, expect)
    expectChild(step, event, expect)
  } else if (event.type === 'compensation-requested') {
    step.undoAttempts++
    const { attempt } = event
    expect('S10', attempt === step.undoAttempts, `undo ${attempt} of ${step.path} is its ${step.undoAttempts}.`)
    expectWhole(event, at, expect)
    expectAdmitted(step, event, expect)
    expectEdited(step.edited.compensate, event, expect)
    expectChild(step, event, expect)
  } else if ('attempt' in event) {
    const sent = event.type.startsWith('compensation-') ? step.undoAttempts : step.attempts
    expect('S10', event.attempt >= 1 && event.attempt <= sent, `attempt ${event.attempt} of ${step.path} was not sent`)
  }
}

/** What is sent after it was held is what was held: it takes the place of nothing else. */
function expectAdmitted(
  { path, standing, held }: StepBook,
  { participant, key }: RequestedCommand,
  expect: Expect,
): void {
  if (!held || (standing !== 'held' && standing !== 'undo-held')) return
  expect('S10', held.participant === participant, `step ${path} was held for ${held.participant}, not ${participant}`)
  expect('S10', held.key === key, `step ${path} was held under ${held.key}, and is sent under ${key}`)
}

/** What a person gave instead of what the mapping makes is what is sent. */
function expectEdited(edited: string | undefined, { payload }: RequestedCommand, expect: Expect): void {
  if (edited !== undefined)
    expect('S10', JSON.stringify(payload) === edited, 'the payload is not the one that a person gave')
}

function expectWhole(command: RequestedCommand, at: number, expect: Expect): void {
  const { participant, commandType, definition, version, payload, timeoutAt } = command
  expect('S10', participant !== '' && commandType !== '' && definition !== '', 'a part of the command is missing')
  expect('S10', Number.isInteger(version) && version >= 1, `version ${version}`)
  expect('S10', payload !== undefined, 'the command has no payload')
  const inTime = timeoutAt === null || (Number.isFinite(timeoutAt) && timeoutAt >= at)
  expect('S10', inTime, `given up at ${timeoutAt}, before it was sent at ${at}`)
}

/** The participant of every command to a child saga: none that is outside. */
const CHILDREN = 'kasaga'
const TO_CHILDREN: { readonly [Type in 'step-requested' | 'compensation-requested']: readonly string[] } = {
  'step-requested': ['kasaga.start.v1'],
  'compensation-requested': ['kasaga.undo.v1', 'kasaga.cancel.v1'],
}

/** A child saga's commands name it, the same one until that has said that it will not succeed; other commands name none. */
function expectChild(
  step: StepBook,
  event: RequestedCommand & { readonly type: keyof typeof TO_CHILDREN },
  expect: Expect,
): void {
  const { child, participant, commandType } = event
  const planned = step.planned?.type
  const isChild = planned === undefined ? participant === CHILDREN : planned === 'child'
  expect('S10', (participant === CHILDREN) === isChild, `step ${step.path} sends to ${participant}`)
  expect('S10', (child !== undefined) === isChild, `step ${step.path} names ${child ?? 'no child saga'}`)
  if (!isChild) return
  expect('S10', TO_CHILDREN[event.type].includes(commandType), `a child saga is sent ${commandType}`)
  const another = event.type === 'step-requested' && step.childIsOver
  const named = step.child === undefined || (step.child !== child) === another
  expect('S10', named, `the child was ${step.child}, and is ${child}`)
  step.child = child
  step.childIsOver = false
}
