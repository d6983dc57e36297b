/** The chain as it runs: each word gives a new chain with more in its plan. What may be said where, its types tell. */
import { type AttributeSpec, attributeFaults } from '../attributes.ts'
import { type ChildUndo, childBody } from '../child-step.ts'
import type { Branch, Definition, Migration, Plan, SignalSpec } from '../definition.ts'
import type { Duration } from '../duration.ts'
import { type LockWords, lockBody } from '../lock-step.ts'
import {
  type AnyMapping,
  addPivot,
  addStep,
  type Draft,
  emptyDraft,
  finish,
  type Join,
  type KnownChild,
  mapping,
  type SagaHead,
  type StepBody,
  sayOfLast,
} from '../plan.ts'
import {
  type AnyCommand,
  type ApprovalWords,
  approvalBody,
  commandBody,
  enoughOf,
  type Limit,
  signalBody,
  sleepBody,
  toleratedOf,
  undoOf,
} from './bodies.ts'
import type { Enough, MigrationWords, StepOptions, Tolerance } from './options.ts'

type Body = (b: Chain, last: (seen: Readonly<Record<string, unknown>>) => unknown) => unknown
type Choices = Readonly<Record<string, { readonly when: AnyMapping; readonly do: Body }>>
interface ChildWords {
  readonly id?: AnyMapping
  readonly wait?: boolean
  readonly undo?: ChildUndo
  readonly timeout?: Duration
}
interface RepeatWords {
  readonly until: AnyMapping
  readonly roundsMax: number
  readonly atLimit?: 'turn-back' | 'go-on'
}
/** A plan inside a block, with the sagas that are started in it. */
interface Inner {
  readonly plan: Plan
  readonly children: readonly KnownChild[]
}

const EACH_PARALLEL = 10

export class Chain {
  readonly #draft: Draft
  /** Absent: a plan inside a block. */
  readonly #head: SagaHead<unknown> | undefined

  constructor(draft: Draft, head?: SagaHead<unknown>) {
    this.#draft = draft
    this.#head = head
  }

  #with(draft: Draft): Chain {
    return new Chain(draft, this.#head)
  }

  #add(name: string, body: StepBody): Chain {
    return this.#with(addStep(this.#draft, name, body))
  }

  #join(join: Join): Chain {
    return this.#with({ ...this.#draft, next: { join } })
  }

  migratesFrom(from: number | Definition, map?: Migration['map'], words: MigrationWords = {}): Chain {
    const { renames = {}, keeps = [] } = words
    const of = typeof from === 'number' ? { from } : { from: from.version, old: from }
    const migration: Migration = { ...of, ...(map && { map }), renames, keeps }
    if (!this.#head) throw new TypeError('a plan inside a block comes over with the saga that it is in')
    const { migrations = [] } = this.#head
    return new Chain(this.#draft, { ...this.#head, migrations: [...migrations, migration] })
  }

  attribute(name: string, attribute: AttributeSpec): Chain {
    if (!this.#head) throw new TypeError('a plan inside a block is found by what its saga is found by')
    const { attributes = {}, name: saga } = this.#head
    const faults = Object.hasOwn(attributes, name) ? [`two attributes are called ${name}`] : []
    const [fault] = [...faults, ...attributeFaults([...Object.keys(attributes), name])]
    if (fault !== undefined) throw new TypeError(`saga ${saga}: ${fault}`)
    return new Chain(this.#draft, { ...this.#head, attributes: { ...attributes, [name]: attribute } })
  }

  after(...names: string[]): Chain {
    return this.#join({ after: names, needs: names.length })
  }

  afterAny(...names: string[]): Chain {
    return this.#join({ after: names, needs: 1 })
  }

  afterAtLeast(count: number, ...names: string[]): Chain {
    return this.#join({ after: names, needs: count })
  }

  when(condition: AnyMapping): Chain {
    return this.#with({ ...this.#draft, next: { ...this.#draft.next, when: mapping(condition) } })
  }

  step(name: string, command: AnyCommand, map: AnyMapping, options: StepOptions<never> = {}): Chain {
    return this.#add(name, commandBody(command, map, options))
  }

  pivot(name: string, command: AnyCommand, map: AnyMapping, options: StepOptions<never> = {}): Chain {
    return this.#with(addPivot(this.#draft, name, commandBody(command, map, options)))
  }

  undo(command: AnyCommand, map: AnyMapping, options: StepOptions<never> = {}): Chain {
    return this.#with(sayOfLast(this.#draft, { undo: undoOf(command, map, options) }))
  }

  undoByHand(what: string): Chain {
    return this.#with(sayOfLast(this.#draft, { byHand: what }))
  }

  keep(): Chain {
    return this.#with(sayOfLast(this.#draft, {}))
  }

  irreversible(): Chain {
    return this.#with(sayOfLast(this.#draft, { irreversible: true }))
  }

  local(name: string, compute: AnyMapping): Chain {
    return this.#add(name, { type: 'local', compute: mapping(compute) })
  }

  sleep(name: string, until: Duration | AnyMapping): Chain {
    return this.#add(name, sleepBody(until))
  }

  waitFor(name: string, signal: SignalSpec<never>, limit: Limit = {}): Chain {
    return this.#add(name, signalBody(signal, limit))
  }

  approve(name: string, words: ApprovalWords): Chain {
    return this.#add(name, approvalBody(name, words))
  }

  child(name: string, definition: Definition, input: AnyMapping, words: ChildWords = {}): Chain {
    const { id, ...rest } = words
    const body = childBody(definition, mapping(input), { ...rest, ...(id && { id: mapping(id) }) })
    // Past the pivot nothing is undone.
    const undo = this.#draft.kind === 'retriable' ? undefined : body.undo
    return this.#knowing([{ ...body.child, plan: definition }]).#add(name, { ...body, undo })
  }

  lock(name: string, resource: AnyMapping, words: LockWords = {}): Chain {
    return this.#add(name, lockBody(mapping(resource), words, this.#draft.kind))
  }

  parallel(name: string, bodies: Readonly<Record<string, Body>>, { enough = 'all' }: { enough?: Enough } = {}): Chain {
    const { branches, chain } = this.#branches(bodies)
    return chain.#add(name, { type: 'parallel', branches, enough: enoughOf(enough, branches.length) })
  }

  attempt(name: string, bodies: Readonly<Record<string, Body>>): Chain {
    const { branches, chain } = this.#branches(bodies)
    return chain.#add(name, { type: 'attempt', branches })
  }

  choose(name: string, choices: Choices, otherwise?: Body): Chain {
    const bodies = Object.entries(choices).map(([key, choice]) => [key, choice.do] as const)
    const { branches, chain } = this.#branches(Object.fromEntries(bodies))
    const chosen = branches.map((branch): Branch => ({ ...branch, when: conditionOf(choices, branch.name) }))
    if (!otherwise) return chain.#add(name, { type: 'choose', branches: chosen })
    const { plan, children } = this.#inner(otherwise)
    const last: Branch = { name: 'otherwise', plan, when: undefined }
    return chain.#knowing(children).#add(name, { type: 'choose', branches: [...chosen, last] })
  }

  each(name: string, items: AnyMapping, body: Body, words: { parallel?: number; tolerate?: Tolerance } = {}): Chain {
    const { plan, children } = this.#inner(body)
    const { parallel = EACH_PARALLEL, tolerate = 0 } = words
    const tolerated = toleratedOf(tolerate)
    return this.#knowing(children).#add(name, {
      type: 'each',
      items: mapping(items),
      body: plan,
      parallelMax: parallel,
      tolerated,
    })
  }

  repeat(name: string, body: Body, { until, roundsMax, atLimit }: RepeatWords): Chain {
    const { plan, children } = this.#inner(body, name)
    return this.#knowing(children).#add(name, {
      type: 'repeat',
      body: plan,
      until: mapping(until),
      roundsMax,
      atLimit: atLimit ?? (this.#draft.kind === 'retriable' ? 'go-on' : 'turn-back'),
    })
  }

  /** Ends the chain. @throws TypeError with everything that is wrong with the plan. */
  output(map: AnyMapping): Definition | Chain {
    const draft = { ...complete(this.#draft), output: mapping(map) }
    return this.#head ? finish(this.#head, draft) : this.#with(draft)
  }

  end(): Definition | Chain {
    return this.output(() => null)
  }

  #knowing(children: readonly KnownChild[]): Chain {
    return this.#with({ ...this.#draft, children: [...this.#draft.children, ...children] })
  }

  /** The plan that a chain inside a block makes; `name`: the block's, under which its last round is seen. */
  #inner(body: Body, name = ''): Inner {
    const end = body(new Chain(emptyDraft(this.#draft.kind)), (seen) => seen[name])
    if (!(end instanceof Chain) || end.#head) throw new TypeError('a branch gives back the chain that it was given')
    const { steps, output, children } = complete(end.#draft)
    return { plan: { steps, output }, children }
  }

  #branches(bodies: Readonly<Record<string, Body>>): { branches: readonly Branch[]; chain: Chain } {
    const inner = Object.entries(bodies).map(([name, body]) => ({ name, ...this.#inner(body) }))
    const branches = inner.map(({ name, plan }): Branch => ({ name, plan, when: undefined }))
    return { branches, chain: this.#knowing(inner.flatMap(({ children }) => children)) }
  }
}

/** The draft, when nothing is left open in it. */
function complete(draft: Draft): Draft {
  if (draft.next.when || draft.next.join)
    throw new TypeError('a condition or a dependency is said of the next step, and there is none')
  return draft
}

function conditionOf(choices: Choices, name: string): Branch['when'] {
  const choice = choices[name]
  return choice && mapping(choice.when)
}
