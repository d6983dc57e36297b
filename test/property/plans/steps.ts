/** Generated steps that hold no others. */
import { z } from 'zod'
import type { Command } from '../../../shared/saga/contract.ts'
import type {
  ApprovalSpec,
  ChildStep,
  CommandStep,
  LocalStep,
  PlannedCommand,
  SignalStep,
  SleepStep,
  StepKind,
} from '../../../shared/saga/definition.ts'
import type { RetryPolicy } from '../../../shared/saga/retry-policy.ts'
import type { Choices } from './choices.ts'
import { answering, type Faults, instant, mappingOf } from './faults.ts'

/** What a plan is made with. */
export interface Making {
  readonly choices: Choices
  readonly faults: Faults
  /** Steps that may still be made, and runs of a step that may still come of blocks inside blocks. */
  readonly left: { steps: number; runs: number }
  /** The plan of a child saga starts no other. */
  readonly isChild: boolean
}

/** What every step has. */
export interface Placed {
  readonly name: string
  readonly kind: StepKind
  readonly after: readonly string[]
  readonly needs: number
  readonly when: CommandStep['when']
}

/** Name of the signal that generated waits wait for, and of the one that is an approval. */
export const SIGNAL = 'n'
export const APPROVAL = 'ok'
export const APPROVER = 'boss'
/** When generated sagas begin. */
export const EPOCH_MS = 1_000_000

const payload = z.object({ step: z.string() }).refine((value) => {
  if (value.step === 'boom') throw new Error('the schema itself is broken')
  return value.step !== 'misfit'
})
const any = z.json()

function planned({ choices, faults }: Making, name: string, command: Command<unknown, unknown>): PlannedCommand {
  const retry: RetryPolicy = {
    attempts: 1 + choices.below(4),
    firstDelayMs: choices.one([0, 10, 500]),
    maxDelayMs: 2_000,
    multiplier: 2,
    jitter: choices.percent(50) ? 'none' : 'full',
    ...otherPolicy(choices),
  }
  const timeoutMs = choices.one([null, 1_000, 5_000, 0])
  const limitBy = choices.percent(20) ? { limitBy: answering(faults, () => `tenant-${name}`) } : {}
  return { command, map: mappingOf(faults, name), retry, timeoutMs, ...limitBy, ...otherTimes(choices) }
}

/** What a policy may say beside its figures. */
function otherPolicy(choices: Choices): Pick<RetryPolicy, 'backoff' | 'maxAgeMs' | 'notOn' | 'rules'> {
  const backoff = choices.one([undefined, 'fixed', 'exponential', 'fibonacci'] as const)
  const rules = choices.one([
    undefined,
    [{ code: 'c', fatal: true }],
    [{ code: 'timeout', attempts: 6, firstDelayMs: 1, backoff: 'fixed' }],
    [
      { code: 'hopeless', attempts: 2 },
      { code: 'hopeless', fatal: true },
    ],
  ] as const)
  return {
    notOn: ['hopeless'],
    ...(backoff && { backoff }),
    ...(choices.percent(25) && { maxAgeMs: choices.one([0, 600, 3_000]) }),
    ...(rules && choices.percent(40) && { rules }),
  }
}

function otherTimes(choices: Choices): Pick<PlannedCommand, 'takeUpMs' | 'progressMs' | 'totalMs'> {
  return {
    ...(choices.percent(25) && { takeUpMs: choices.one([0, 300, 2_000]) }),
    ...(choices.percent(50) && { progressMs: choices.one([0, 400, 2_000]) }),
    ...(choices.percent(25) && { totalMs: choices.one([0, 1_500, 6_000]) }),
  }
}

export function commandStep(making: Making, placed: Placed): CommandStep {
  const { name, kind } = placed
  const to = (what: string): Command<unknown, unknown> => ({
    participant: `p-${what}`,
    name: what,
    type: `p-${what}.${what}.v1`,
    input: payload,
    output: any,
  })
  const back =
    kind === 'compensatable'
      ? making.choices.weighted([
          [7, 'undo'],
          [2, 'none'],
          [2, 'by-hand'],
        ] as const)
      : 'none'
  return {
    ...placed,
    type: 'command',
    forward: planned(making, name, to(name)),
    undo: back === 'undo' ? planned(making, `undo-${name}`, to(`undo-${name}`)) : undefined,
    byHand: back === 'by-hand' ? 'call the bank' : undefined,
  }
}

/** The definition that children run. */
export const CHILD = { definition: 'child', version: 1 } as const

export function childStep(making: Making, placed: Placed): ChildStep {
  const { choices } = making
  const own = (what: string): Command<unknown, unknown> => ({
    participant: 'kasaga',
    name: what,
    type: `kasaga.${what}.v1`,
    input: any,
  })
  const waits = !choices.percent(30)
  const back =
    placed.kind === 'compensatable'
      ? choices.weighted([
          [4, 'undo'],
          [1, 'cancel'],
          [1, 'leave'],
        ] as const)
      : 'leave'
  const forward = planned(making, placed.name, own('start'))
  return {
    ...placed,
    type: 'child',
    child: CHILD,
    // What the builder makes: one attempt, that waits as long as it takes unless a timeout is given.
    forward: { ...forward, retry: { ...forward.retry, attempts: 1 } },
    undo: back === 'leave' ? undefined : planned(making, `undo-${placed.name}`, own(back)),
    byHand: undefined,
    id: choices.percent(15) && /^a\d$/.test(placed.name) ? ownId(placed.name) : undefined,
    waits,
  }
}

/** An id that is made of what is known when the child is started: more is known when it is undone. */
function ownId(name: string): ChildStep['id'] {
  return (context) => `own-${name}-${Object.keys(context).length}`
}

export function localStep({ faults }: Making, placed: Placed): LocalStep {
  return { ...placed, type: 'local', compute: mappingOf(faults, placed.name) }
}

export function sleepStep({ choices, faults }: Making, placed: Placed): SleepStep {
  const ms = choices.one([0, 1_000, 5_000])
  return { ...placed, type: 'sleep', until: choices.percent(50) ? instant(faults, EPOCH_MS + ms) : ms }
}

export function signalStep({ choices }: Making, placed: Placed): SignalStep {
  const back = placed.kind === 'compensatable'
  const approval = choices.percent(50) ? approvalOf(back && choices.percent(60)) : undefined
  return {
    ...placed,
    type: 'signal',
    signal: { name: approval ? APPROVAL : SIGNAL, payload: any },
    deadlineMs: choices.one([undefined, 1_000, 5_000]),
    onDeadline: back && choices.percent(50) ? 'turn-back' : 'go-on',
    approval,
  }
}

function approvalOf(turnsBack: boolean): ApprovalSpec {
  return { roles: [APPROVER], answers: ['yes', 'no'], turnBackOn: turnsBack ? ['no'] : [] }
}

/** A condition on the step, when it has one: it always says the same, or looks at which item or round it is. */
export function conditionOf({ choices, faults }: Making): Placed['when'] {
  return choices.weighted([
    [8, undefined],
    [1, answering(faults, () => true)],
    [1, answering(faults, () => false)],
    [1, answering(faults, ({ index }) => Number(index ?? 0) % 2 === 0)],
  ])
}
