/** Definitions of any shape: graphs of any steps, blocks inside blocks, any figures. */
import fc from 'fast-check'
import { z } from 'zod'
import type { Command } from '../../shared/saga/contract.ts'
import type { Branch, Definition, Mapping, Migration, Plan, StepDefinition } from '../../shared/saga/definition.ts'
import { lockBody } from '../../shared/saga/lock-step.ts'
import { isBlock } from '../../shared/saga/plan-tree.ts'
import type { RetryPolicy, RetryRule } from '../../shared/saga/retry-policy.ts'
import { kasaga, place, sent, shop } from './every-kind.ts'

const DEPTH_MAX = 3
const STEPS_MAX = 4

/** A mapping of its own each time, so that mixed-up ones are seen. */
const mapping: fc.Arbitrary<Mapping> = fc.nat().map((n) => () => n)
const optional = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined })
const ms = fc.nat({ max: 1_000_000 })
const count = fc.integer({ min: 1, max: 9 })
const limitEnd = fc.constantFrom('turn-back', 'go-on')

const figures: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: count,
  firstDelayMs: ms,
  maxDelayMs: ms,
  multiplier: fc.constantFrom(1, 1.5, 2),
  jitter: fc.constantFrom('full', 'none'),
  notOn: fc.uniqueArray(fc.constantFrom('gone', 'shut', 'odd')),
})
const backoff = fc.constantFrom('fixed', 'exponential', 'fibonacci')
const rule: fc.Arbitrary<RetryRule> = fc.oneof(
  fc.record({ code: fc.constantFrom('gone', 'timeout'), fatal: fc.constant(true as const) }),
  fc.record(
    { code: fc.constantFrom('shut', 'no-progress'), attempts: count, firstDelayMs: ms, backoff },
    { requiredKeys: ['code'] },
  ),
)
const retry: fc.Arbitrary<RetryPolicy> = fc
  .tuple(figures, fc.record({ backoff, maxAgeMs: ms, rules: fc.array(rule, { maxLength: 3 }) }, { requiredKeys: [] }))
  .map(([one, other]) => ({ ...one, ...other }))
/** The other times of a step, and what it is limited by. */
const times = fc.record({ takeUpMs: ms, progressMs: ms, totalMs: ms, limitBy: mapping }, { requiredKeys: [] })

const planned = fc
  .record({
    command: fc.constantFrom(shop.book, shop.cancel, shop.ship),
    map: mapping,
    retry,
    timeoutMs: fc.option(ms),
    times,
  })
  .map(({ command, times, ...own }) => sent<never, unknown>(command as never, { ...own, ...times }))

/** What a step does, without its name and place. */
type Doing = StepDefinition extends infer Step
  ? Step extends StepDefinition
    ? Omit<Step, keyof Placed>
    : never
  : never
type Placed = ReturnType<typeof place>

const command = fc
  .record({ forward: planned, undo: optional(planned), byHand: optional(fc.string({ minLength: 1 })) })
  .map(({ forward, undo, byHand }) => ({ type: 'command' as const, forward, undo, byHand: undo ? undefined : byHand }))
const childPlanned = (to: Command<unknown, unknown>) =>
  fc.record({ map: mapping, retry, timeoutMs: fc.option(ms) }).map((own) => sent(to, own))
const child = fc.record({
  type: fc.constant('child' as const),
  child: fc.record({ definition: fc.constantFrom('pay', 'pack'), version: count }),
  forward: childPlanned(kasaga.start),
  undo: fc.oneof(fc.constant(undefined), childPlanned(kasaga.undo), childPlanned(kasaga.cancel)),
  byHand: fc.constant(undefined),
  id: optional(mapping),
  waits: fc.boolean(),
})
const local = fc.record({ type: fc.constant('local' as const), compute: mapping })
const sleep = fc.record({ type: fc.constant('sleep' as const), until: fc.oneof(ms, mapping) })
const answers = fc.uniqueArray(fc.constantFrom('yes', 'no', 'later'), { minLength: 1 })
const approval = fc.record({
  roles: fc.uniqueArray(fc.constantFrom('clerk', 'lead'), { minLength: 1 }),
  answers: answers,
  turnBackOn: fc.constant<string[]>([]),
})
const signal = fc.record({
  type: fc.constant('signal' as const),
  // Each wait with a schema of its own: two of one name are told apart.
  signal: fc.constantFrom('paid', 'answer').map((name) => ({ name, payload: z.unknown() })),
  deadlineMs: optional(ms),
  onDeadline: limitEnd,
  approval: optional(approval),
})

const lock = fc
  .record({
    resource: mapping,
    permits: fc.integer({ min: 1, max: 1_000 }),
    timeout: fc.integer({ min: 1, max: 100_000 }),
  })
  .map(({ resource, ...words }) => lockBody(resource, words, 'compensatable'))

const leaves: readonly fc.Arbitrary<Doing>[] = [command, child, lock, local, sleep, signal]

function blocks(depth: number): readonly fc.Arbitrary<Doing>[] {
  const body = anyPlan(depth - 1)
  const branches = (when: fc.Arbitrary<Mapping | undefined>): fc.Arbitrary<Branch[]> =>
    fc
      .array(fc.record({ plan: body, when }), { minLength: 1, maxLength: 3 })
      .map((all) => all.map((branch, i) => ({ name: `way${i}`, ...branch })))
  const tolerated = fc.oneof(
    fc.record({ count: fc.nat({ max: 3 }) }),
    fc.record({ share: fc.constantFrom(0, 0.25, 1) }),
  )
  const never = fc.constant(undefined)
  return [
    fc
      .tuple(branches(never), fc.nat())
      .map(([all, n]) => ({ type: 'parallel', branches: all, enough: 1 + (n % all.length) })),
    branches(mapping).map((all) => ({ type: 'choose', branches: all })),
    branches(never).map((all) => ({ type: 'attempt', branches: all })),
    fc.record({ type: fc.constant('each' as const), items: mapping, body, parallelMax: count, tolerated }),
    fc.record({ type: fc.constant('repeat' as const), body, until: mapping, roundsMax: count, atLimit: limitEnd }),
  ]
}

/** A step that depends on some of those before it, on all of them or on a few. */
function steps(depth: number): fc.Arbitrary<StepDefinition[]> {
  // Names differ from those of the plans around: mappings see both.
  const letter = 'dcba'.charAt(depth)
  const doing = fc.oneof(...leaves, ...(depth > 0 ? blocks(depth) : []))
  const one = fc.record({ doing, when: optional(mapping), after: fc.array(fc.boolean()), needs: fc.nat() })
  return fc.array(one, { minLength: 1, maxLength: STEPS_MAX }).map((all) =>
    all.map(({ doing: what, when, after: chosen, needs }, i): StepDefinition => {
      const after = all.flatMap((_, before) => (before < i && chosen[before] ? [`${letter}${before}`] : []))
      const enough = after.length === 0 ? 0 : 1 + (needs % after.length)
      return { ...place(`${letter}${i}`, { when, after, needs: enough }), ...what }
    }),
  )
}

function anyPlan(depth: number): fc.Arbitrary<Plan> {
  return fc.record({ steps: steps(depth), output: optional(mapping) })
}

const attributes = fc.dictionary(
  fc.constantFrom('customer', 'cents', 'gift'),
  fc.record({ type: fc.constantFrom('text', 'number', 'boolean'), from: mapping }),
)
/** The same, or one that takes what its sagas are found by from a step. */
function withFound(definition: Definition): fc.Arbitrary<Definition> {
  const names = definition.steps.map(({ name }) => name)
  const { attributes = {} } = definition
  return fc.constantFrom(undefined, ...names).map((of) => {
    const taken = Object.entries(attributes).map(([name, spec]) => [name, of === undefined ? spec : { ...spec, of }])
    return { ...definition, attributes: Object.fromEntries(taken) }
  })
}

/** The same, or one that says how sagas of other versions come over. */
function withWays(definition: Definition): fc.Arbitrary<Definition> {
  const { name, version, steps } = definition
  const named = steps.filter((step) => !isBlock(step)).map((step) => step.name)
  const old = { ...definition, version: version + 1 }
  const way = fc.record({
    map: fc.constantFrom(undefined, () => ({})),
    old: fc.constantFrom(undefined, old),
    renamed: fc.constantFrom(undefined, ...named),
    keeps: fc.constantFrom([], ['gone'], ['gone', 'lost']),
  })
  return fc.option(fc.array(way, { maxLength: 2 })).map((ways) => {
    if (ways === null) return definition
    const migrations = ways.map(({ map, old: known, renamed, keeps }, i): Migration => {
      const from = version + 1 + i
      const code = { ...(map && { map }), ...(known && i === 0 && { old: known }) }
      return { from, ...code, renames: renamed === undefined ? {} : { [`old-${name}`]: renamed }, keeps }
    })
    return { ...definition, migrations }
  })
}

/** The same, or one whose sagas have another priority. */
function withPriority(definition: Definition): fc.Arbitrary<Definition> {
  return fc
    .option(fc.integer({ min: 0, max: 9 }))
    .map((priority) => (priority === null ? definition : { ...definition, priority }))
}

export const anyDefinition: fc.Arbitrary<Definition> = fc
  .record({
    name: fc.constant('any'),
    version: count,
    input: fc.constant(z.unknown()),
    deadlineMs: optional(ms),
    attributes,
    compensation: fc.constantFrom('parallel', 'sequential'),
    steps: steps(DEPTH_MAX),
    output: mapping,
  })
  .chain(withFound)
  .chain(withWays)
  .chain(withPriority)
