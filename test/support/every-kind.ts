/** A definition with every kind of step, as the plain data and functions that a definition is. */
import { z } from 'zod'
import { type Command, command, participant } from '../../shared/saga/contract.ts'
import type {
  Branch,
  CommandStep,
  Context,
  Definition,
  Mapping,
  Plan,
  PlannedCommand,
  StepDefinition,
} from '../../shared/saga/definition.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY } from '../../shared/saga/retry-policy.ts'

export const shop = participant('shop', {
  book: command({ input: z.object({ id: z.string() }), output: z.object({ ref: z.string() }) }),
  cancel: command({ input: z.object({ id: z.string() }) }),
  ship: command({ input: z.object({ id: z.string() }) }),
})
/** The commands that a child step sends. */
export const kasaga = participant('kasaga', {
  start: command({ input: z.unknown() }),
  undo: command({ input: z.unknown() }),
  cancel: command({ input: z.unknown() }),
})

const byId: Mapping = ({ input }) => ({ id: (input as { id: string }).id })

/** Where a step stands; what is left out is as usual. */
export type Place = Partial<Pick<CommandStep, 'kind' | 'when' | 'after' | 'needs'>>

export function place(name: string, { kind = 'compensatable', when, after = [], needs = after.length }: Place = {}) {
  return { name, kind, when, after, needs }
}

export function sent<In, Out>(to: Command<In, Out>, own: Partial<PlannedCommand> = {}): PlannedCommand {
  return { command: to as Command<unknown, unknown>, map: byId, retry: FORWARD_RETRY, timeoutMs: 30_000, ...own }
}

export function booking(name: string, at: Place = {}, own: Partial<CommandStep> = {}): StepDefinition {
  const undo = sent(shop.cancel, { retry: COMPENSATION_RETRY })
  return { ...place(name, at), type: 'command', forward: sent(shop.book), undo, byHand: undefined, ...own }
}

export function plan(...steps: StepDefinition[]): Plan {
  return { steps, output: undefined }
}

export function branch(name: string, inner: Plan, when?: Mapping): Branch {
  return { name, plan: inner, when }
}

const answered = { name: 'answer', payload: z.object({ answer: z.string() }) }
const paid = { name: 'paid', payload: z.object({ cents: z.int() }) }
const isLarge = ({ size }: Context) => size === 'large'

const blocks: readonly StepDefinition[] = [
  {
    ...place('trip', { after: ['asked', 'grace'], needs: 1 }),
    type: 'parallel',
    enough: 1,
    branches: [
      branch('hotel', plan(booking('reserve'))),
      branch('flight', plan(booking('reserve', { when: isLarge }))),
    ],
  },
  {
    ...place('route', { after: ['trip'] }),
    type: 'choose',
    branches: [branch('air', plan(booking('fly')), isLarge), branch('road', plan(booking('drive')))],
  },
  {
    ...place('insure', { after: ['trip'] }),
    type: 'attempt',
    branches: [
      branch('first', plan(booking('cover'))),
      branch('second', { ...plan(booking('cover')), output: () => 'second' }),
    ],
  },
  {
    ...place('parcels', { after: ['route', 'insure'] }),
    type: 'each',
    items: ({ input }) => (input as { parcels: readonly string[] }).parcels,
    body: plan(
      booking('label'),
      booking('collect', { after: ['label'] }, { undo: undefined, byHand: 'fetch it back' }),
    ),
    parallelMax: 4,
    tolerated: { share: 0.1 },
  },
  {
    ...place('poll', { after: ['parcels'] }),
    type: 'repeat',
    body: plan(
      { ...place('pause'), type: 'sleep', until: 60_000 },
      booking('look', { after: ['pause'] }, { undo: undefined }),
    ),
    until: ({ look }) => look !== undefined,
    roundsMax: 5,
    atLimit: 'go-on',
  },
]

export const everyKind: Definition = {
  name: 'every-kind',
  version: 2,
  input: z.object({ id: z.string(), parcels: z.array(z.string()) }),
  deadlineMs: 3_600_000,
  compensation: 'parallel',
  output: ({ poll }) => poll,
  steps: [
    {
      ...place('size'),
      type: 'local',
      compute: ({ input }) => ((input as { id: string }).id.length > 3 ? 'large' : 'small'),
    },
    {
      ...place('asked', { after: ['size'], when: isLarge }),
      type: 'signal',
      signal: answered,
      deadlineMs: 86_400_000,
      onDeadline: 'turn-back',
      approval: { roles: ['clerk', 'lead'], answers: ['yes', 'no'], turnBackOn: ['no'] },
    },
    { ...place('grace', { after: ['size'] }), type: 'sleep', until: () => '2030-01-01T00:00:00Z' },
    ...blocks,
    {
      ...place('pay', { after: ['poll'] }),
      type: 'child',
      child: { definition: 'pay-order', version: 3 },
      forward: sent(kasaga.start, { timeoutMs: null }),
      undo: sent(kasaga.undo, { timeoutMs: null }),
      byHand: undefined,
      id: ({ input }) => `${(input as { id: string }).id}-pay`,
      waits: true,
    },
    {
      ...place('ship', { kind: 'pivot', after: ['asked', 'grace', 'pay'] }),
      type: 'command',
      forward: sent(shop.ship),
      undo: undefined,
      byHand: undefined,
      irreversible: true,
    },
    {
      ...place('received', { kind: 'retriable', after: ['ship'] }),
      type: 'signal',
      signal: paid,
      deadlineMs: undefined,
      onDeadline: 'go-on',
      approval: undefined,
    },
  ],
}
