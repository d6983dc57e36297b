/** Everything that a plan is refused for, each with where and why, and the graph that this is read off. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type FindPlan, planFaults } from '../../../shared/saga/check-plan.ts'
import { childBody } from '../../../shared/saga/child-step.ts'
import type { Branch, Plan, StepDefinition, StepKind } from '../../../shared/saga/definition.ts'
import { lockBody } from '../../../shared/saga/lock-step.ts'
import { inOrder, surelyBefore } from '../../../shared/saga/plan-graph.ts'
import { sendingStepAt } from '../../../shared/saga/plan-tree.ts'
import { fulfil } from '../../support/fulfil.ts'

/** No mapping is ever run by a check. */
const never = (): never => {
  throw new Error('a mapping was run')
}
type Said = Readonly<Record<string, unknown>>

function step(name: string, after: readonly string[] = [], said: Said = {}): StepDefinition {
  const place = { name, kind: 'compensatable', when: undefined, after, needs: after.length }
  return { ...place, type: 'local', compute: never, ...said } as StepDefinition
}
const plan = (...steps: StepDefinition[]): Plan => ({ steps, output: undefined })
const branch = (name: string, ...steps: StepDefinition[]): Branch => ({ name, plan: plan(...steps), when: undefined })
const block = (type: string, said: Said, kind: StepKind = 'compensatable') => step('block', [], { type, kind, ...said })
const only = (kind: StepKind, said: Said = {}) => step('x', [], { kind, ...said })
const { forward, undo } = sendingStepAt(fulfil, 'charge') ?? {}
const sends = { type: 'command', forward, undo: undefined, byHand: undefined }
const pivot = (after: string[] = [], said: Said = {}) => step('pay', after, { ...sends, kind: 'pivot', ...said })
const past = (said: Said): StepDefinition[] => [pivot(), step('late', ['pay'], { kind: 'retriable', ...said })]

const told = (faulty: Plan, find?: FindPlan) =>
  planFaults(faulty, find).map(({ path, message }) => `${path}: ${message}`)
type Case = readonly [what: string, plan: Plan, ...faults: string[]]
const refuses = (cases: readonly Case[]) =>
  it.each(cases.map(([what, faulty, ...faults]) => ({ what, faulty, faults })))('$what', ({ faulty, faults }) =>
    expect(told(faulty)).toEqual(faults),
  )
const undoPast = 'it could need to undo past the pivot'

describe('locks', () => {
  const lock = (said: Said, kind: StepKind = 'compensatable') =>
    only(kind, { ...lockBody(never, { timeout: '1 s' }, kind), ...said })
  const noWait = lockBody(never, { timeout: 0 }, 'compensatable')
  refuses([
    ['one that is sound', plan(lock({}))],
    ['no permits', plan(lock({ permits: 0 })), 'x: permits: a whole number from 1 to 1000, not 0'],
    ['permits that are no count', plan(lock({ permits: 1.5 })), 'x: permits: a whole number from 1 to 1000, not 1.5'],
    ['no time to wait', plan(lock({ forward: noWait.forward })), 'x: its timeout is longer than nothing'],
    ['the pivot', plan(lock({}, 'pivot')), 'x: it is the pivot, and a lock does nothing that could not be undone'],
  ])
})

describe('names', () => {
  refuses([
    ['two of one name', plan(step('a'), step('a')), 'a: two steps are called a'],
    [
      'two of one name inside',
      plan(block('parallel', { enough: 1, branches: [branch('l', step('a'), step('a'))] })),
      'block[l].a: two steps are called a',
    ],
    ['what is no name', plan(step('A b')), 'A b: not a name: "A b"; letters, digits and -, a small letter first'],
    ['input', plan(step('input')), 'input: the name input is taken: mappings see the input under it'],
    ['item', plan(step('item')), 'item: the name item is taken: mappings see the item under it'],
    ['index', plan(step('index')), 'index: the name index is taken: mappings see the index under it'],
    [
      'one that hides a step around it',
      plan(step('a'), block('each', { body: plan(step('a')), parallelMax: 1, tolerated: { count: 0 } })),
      'block[].a: the name a is taken by a step around it, which mappings could not see then',
    ],
    [
      'branches of one name, and of none',
      plan(block('attempt', { branches: [branch('l', step('a')), branch('l', step('a')), branch('', step('a'))] })),
      'block: not a name: ""; letters, digits and -, a small letter first',
      'block: two branches are called l',
    ],
  ])
})

describe('the graph', () => {
  refuses([
    ['no step', plan(), ': there is no step in it'],
    ['an unknown step', plan(step('a', ['b'])), 'a: it comes after "b", and there is no such step in its plan'],
    ['a step twice', plan(step('a'), step('b', ['a', 'a'])), 'b: it comes after a twice'],
    [
      'a circle',
      plan(step('a', ['b']), step('b', ['c']), step('c', ['a'])),
      ': steps wait for each other: a -> b -> c -> a',
    ],
    [
      'a circle that is not at the start',
      plan(step('z'), step('y', ['x', 'z']), step('x', ['w']), step('w', ['x'])),
      ': steps wait for each other: x -> w -> x',
    ],
    ['itself', plan(step('a', ['a'])), ': steps wait for each other: a -> a'],
    [
      'more than there are',
      plan(step('a'), step('b', ['a'], { needs: 2 })),
      'b: it waits for 2 of 1 steps: it could not begin as it says',
    ],
    [
      'none of some',
      plan(step('a'), step('b', ['a'], { needs: 0 })),
      'b: it waits for 0 of 1 steps: it could not begin as it says',
    ],
    [
      'half a step',
      plan(step('a'), step('b', ['a'], { needs: 0.5 })),
      'b: it waits for 0.5 of 1 steps: it could not begin as it says',
    ],
    ['some of none', plan(step('a', [], { needs: 1 })), 'a: it waits for 1 of 0 steps: it could not begin as it says'],
    [
      'a circle inside a block',
      plan(block('repeat', { body: plan(step('a', ['a'])), until: never, roundsMax: 1, atLimit: 'go-on' })),
      'block[]: steps wait for each other: a -> a',
    ],
  ])
  it('may be in any order', () => expect(told(plan(step('b', ['a']), step('a')))).toEqual([]))
})

describe('blocks', () => {
  const each = (said: Said) =>
    plan(block('each', { body: plan(step('a')), parallelMax: 1, tolerated: { count: 0 }, ...said }))
  const rounds = (roundsMax: number) =>
    plan(block('repeat', { body: plan(step('a')), until: never, roundsMax, atLimit: 'go-on' }))
  const parallel = (enough: number) =>
    plan(block('parallel', { enough, branches: [branch('l', step('a')), branch('r', step('a'))] }))
  const open = (name: string) => branch(name, step('a'))
  refuses([
    ['without branches', plan(block('parallel', { enough: 0, branches: [] })), 'block: it has no branch'],
    ['with an empty branch', plan(block('attempt', { branches: [branch('l')] })), 'block[l]: there is no step in it'],
    [
      'with two defaults',
      plan(block('choose', { branches: [open('l'), { ...open('m'), when: never }, open('r')] })),
      'block: more than one branch has no condition: l, r',
    ],
    [
      'with conditions that nobody asks',
      plan(block('attempt', { branches: [{ ...open('l'), when: never }] })),
      'block: its branches have conditions, which are for choose alone',
    ],
    ['enough: none', parallel(0), 'block: enough branches: a whole number from 1 to 2, not 0'],
    ['enough: too many', parallel(3), 'block: enough branches: a whole number from 1 to 2, not 3'],
    ['no round', rounds(0), 'block: rounds: a whole number from 1 to 10000, not 0'],
    ['too many rounds', rounds(10_001), 'block: rounds: a whole number from 1 to 10000, not 10001'],
    [
      'no item at once',
      each({ parallelMax: 0 }),
      'block: items on the way at the same time: a whole number from 1 to 1000, not 0',
    ],
    [
      'too many at once',
      each({ parallelMax: 1_001 }),
      'block: items on the way at the same time: a whole number from 1 to 1000, not 1001',
    ],
    [
      'a share over all',
      each({ tolerated: { share: 1.1 } }),
      'block: the tolerated share is between 0 and 1 (0% and 100%), not 1.1',
    ],
    [
      'a share that is none',
      each({ tolerated: { share: Number.NaN } }),
      'block: the tolerated share is between 0 and 1 (0% and 100%), not NaN',
    ],
    [
      'less than no item',
      each({ tolerated: { count: -1 } }),
      'block: the tolerated count is a whole number from 0, not -1',
    ],
  ])
  it.each([parallel(1), parallel(2), rounds(1), rounds(10_000), each({ parallelMax: 1_000, tolerated: { share: 1 } })])(
    'at their limits are fine',
    (fine) => expect(told(fine)).toEqual([]),
  )
})

describe('approvals', () => {
  const asks = (approval: object) =>
    plan(step('a', [], { type: 'signal', approval, deadlineMs: undefined, onDeadline: 'go-on' }))
  refuses([
    [
      'that nobody may give',
      asks({ roles: [], answers: ['yes'], turnBackOn: [] }),
      'a: nobody may answer: it names no role',
    ],
    ['without answers', asks({ roles: ['r'], answers: [], turnBackOn: [] }), 'a: there is no answer to give'],
    [
      'that turn back on no answer',
      asks({ roles: ['r'], answers: ['yes'], turnBackOn: ['no'] }),
      'a: it turns back on no, which is none of its answers',
    ],
    [
      'that always turn back',
      asks({ roles: ['r'], answers: ['no'], turnBackOn: ['no'] }),
      'a: every answer turns the saga back',
    ],
  ])
})

describe('undos', () => {
  const irreversible = { ...sends, irreversible: true }
  refuses([
    [
      'of two kinds',
      plan(step('a', [], { ...sends, undo, byHand: 'call' })),
      'a: it has an undo, and is to be undone by hand: one of them',
    ],
    ['of the pivot', plan(pivot([], { undo })), 'pay: it has an undo, but from the pivot on nothing is undone'],
    [
      'past the pivot',
      plan(...past({ ...sends, byHand: 'call' })),
      'late: it has an undo, but from the pivot on nothing is undone',
    ],
    [
      'of what is irreversible',
      plan(pivot([], { irreversible: true, undo })),
      'pay: it has an undo, but from the pivot on nothing is undone',
      'pay: it is irreversible, and has an undo: one of them',
    ],
    [
      'that cannot be, before the pivot',
      plan(step('a', [], irreversible), pivot(['a'])),
      'a: it is irreversible, and the saga may turn back after it: make it the pivot, or let it come after the pivot',
    ],
  ])
  it('may be impossible from the pivot on', () => {
    expect(
      told(plan(pivot([], { irreversible: true }), step('b', ['pay'], { ...irreversible, kind: 'retriable' }))),
    ).toEqual([])
  })
})

describe('the pivot', () => {
  const beside = 'it could need to be undone past the pivot: pay has to wait for it'
  const early =
    'it goes forward only, and could begin while the saga may still turn back: it has to wait for the pivot pay'
  refuses([
    [
      'is one',
      plan(pivot(), step('again', ['pay'], { ...sends, kind: 'pivot' })),
      'again: there is a pivot before it: pay',
    ],
    ['has no condition', plan(pivot([], { when: never })), 'pay: the pivot has no condition: it is never skipped'],
    ['sends a command', plan(only('pivot')), 'x: the pivot is a step that sends a command'],
    [
      'is in no block',
      plan(block('attempt', { branches: [branch('l', pivot())] })),
      'block[l].pay: the pivot stands in the outermost plan, and not inside a block',
    ],
    ['waits for all that may be undone', plan(step('a'), pivot()), `a: ${beside}`],
    ['has nothing after it that may be undone', plan(pivot(), step('a', ['pay'])), `a: ${beside}`],
    [
      'waits for all, not for any',
      plan(step('a'), step('b'), step('c', ['a', 'b'], { needs: 1 }), pivot(['c'])),
      `a: ${beside}`,
      `b: ${beside}`,
    ],
    ['comes before what goes forward only', plan(step('a'), only('retriable'), pivot(['a'])), `x: ${early}`],
    [
      'surely comes before it',
      plan(step('a'), pivot(['a']), only('retriable', { after: ['a', 'pay'], needs: 1 })),
      `x: ${early}`,
    ],
    [
      'is there when something goes forward only',
      plan(only('retriable')),
      'x: it goes forward only, and there is no pivot that it could follow',
    ],
  ])
  it('may wait for any of what surely waited for all', () => {
    const joined = [step('b', ['a']), step('c', ['a'])]
    const raced = step('d', ['b', 'c', 'e'], { needs: 2 })
    const all = plan(step('a'), ...joined, step('e', ['a']), raced, pivot(['b', 'c', 'd', 'e']))
    expect(told(all)).toEqual([])
  })
})

describe('past the pivot', () => {
  const body = plan(step('a', [], { kind: 'retriable' }))
  const forwardOnly = (name: string) => branch(name, ...body.steps)
  const asks = { roles: ['r'], answers: ['yes', 'no'], turnBackOn: ['no'] }
  const waits = { type: 'signal', deadlineMs: undefined, onDeadline: 'go-on', approval: undefined }
  const each = { type: 'each', body, parallelMax: 1 }
  refuses([
    [
      'no attempt',
      plan(...past({ type: 'attempt', branches: [forwardOnly('l')] })),
      `late: ${undoPast}: a branch that fails is undone`,
    ],
    [
      'all branches',
      plan(...past({ type: 'parallel', enough: 1, branches: [forwardOnly('l'), forwardOnly('r')] })),
      `late: ${undoPast}: the branches that are not needed are undone`,
    ],
    [
      'all items',
      plan(...past({ ...each, tolerated: { count: 1 } })),
      `late: ${undoPast}: an item that fails is undone`,
    ],
    [
      'no share less',
      plan(...past({ ...each, tolerated: { share: 0.1 } })),
      `late: ${undoPast}: an item that fails is undone`,
    ],
    [
      'no limit that turns back',
      plan(...past({ type: 'repeat', body, roundsMax: 1, atLimit: 'turn-back' })),
      `late: ${undoPast}: it turns back after its last round`,
    ],
    [
      'no deadline that does',
      plan(...past({ ...waits, deadlineMs: 5, onDeadline: 'turn-back' })),
      `late: ${undoPast}: it turns back at its deadline`,
    ],
    [
      'no answer that does',
      plan(...past({ ...waits, approval: asks })),
      `late: ${undoPast}: some answers turn it back`,
    ],
    [
      'in a block too',
      plan(...past({ ...each, tolerated: { count: 0 }, body: plan(step('a')) })),
      'late[].a: it could need to be undone, and the block around it goes forward only',
    ],
    [
      'and not before it in a block',
      plan(block('each', { ...each, tolerated: { count: 0 } })),
      'block[].a: it goes forward only, and the block around it may turn back',
    ],
  ])
})

describe('a child', () => {
  const find: FindPlan = ({ definition }) => (definition === 'fulfil' ? fulfil : undefined)
  const child = (undone: 'compensate' | 'cancel' | 'leave') => {
    const made = { ...fulfil, input: z.unknown(), output: never }
    return { ...childBody(made, never, { undo: undone }) }
  }
  it('with a pivot is not started where its parent may still turn back', () => {
    expect(told(plan(step('a', [], child('compensate'))), find)).toEqual([
      "a: fulfil cannot be undone past its pivot ship, and this saga may turn back after it: start it past this saga's pivot, or say what becomes of it (undo: 'cancel' or 'leave')",
    ])
  })
  it('is, when it need not be undone', () => {
    expect(told(plan(step('a', [], child('cancel')), step('b', [], child('leave'))), find)).toEqual([])
    expect(told(plan(...past(child('leave'))), find)).toEqual([])
  })
  it('without one is, and one that is not known here', () => {
    expect(told(plan(step('a', [], child('compensate'))), () => plan(step('z')))).toEqual([])
    expect(told(plan(step('a', [], child('compensate'))))).toEqual([])
  })
})

describe('a plan in order', () => {
  it('has each step after those it depends on, and otherwise as it was, inside too', () => {
    const mixed = plan(
      step('d', ['b', 'a']),
      step('c'),
      step('b', ['c']),
      step('a'),
      block('each', { body: plan(step('y', ['x']), step('x')) }),
    )
    const sorted = inOrder(mixed)
    expect(sorted.steps.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd', 'block'])
    const body = sorted.steps.flatMap((each) => (each.type === 'each' ? each.body.steps : []))
    expect(body.map(({ name }) => name)).toEqual(['x', 'y'])
  })
  it('knows what is surely done before each', () => {
    const steps = [step('a'), step('b', ['a']), step('c', ['a']), step('e'), step('d', ['b', 'c', 'e'], { needs: 2 })]
    // Two of three are done: of b and c one at least, and so a; none of the three for certain.
    expect([...(surelyBefore(steps).get('d') ?? [])]).toEqual(['a'])
    expect([...(surelyBefore([...steps, step('f', ['d', 'e'])]).get('f') ?? [])].sort()).toEqual(['a', 'd', 'e'])
  })
})
