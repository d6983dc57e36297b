/** The chain past the pivot: steps are tried until they are done, or a person is called. There is no way back. */
import type { Command } from '../contract.ts'
import type { Definition, SignalSpec } from '../definition.ts'
import type { LockOut } from '../lock-step.ts'
import type { Ended } from './before-pivot.ts'
import type {
  AfterRound,
  AllOut,
  Branches,
  Choices,
  ChooseOut,
  EachOut,
  InnerPast,
  PerItem,
  PerRound,
} from './blocks.ts'
import type {
  Approval,
  ChildOut,
  EachOptions,
  Last,
  LockOptions,
  PastApproveOptions,
  PastChildOptions,
  RepeatOptions,
  StepAttribute,
  StepOptions,
  Until,
  WaitDeadline,
} from './options.ts'
import type {
  AfterAll,
  AfterSome,
  AfterThese,
  AnyEnding,
  Ending,
  Flat,
  Frame,
  Graph,
  Grown,
  Join,
  Maybe,
  NewName,
  OutOf,
  OwnName,
  Seen,
  Sight,
  SightAt,
  With,
} from './seen.ts'

/** The chain with one step more. */
type Next<F extends Frame, O, G extends Graph, N extends Join, Name extends string, Out> = PastPivot<
  F,
  With<O, Name, Out | N['maybe']>,
  Grown<G, N, Name>
>

/** What can come next past the pivot. */
export interface StepsPast<in out F extends Frame, in out O, in out G extends Graph, in out N extends Join> {
  /** Adds a step: the command that it sends, and the mapping that makes the payload. */
  step<const Name extends string, In, Out>(
    name: NewName<Name, F, O>,
    command: Command<In, Out>,
    map: (seen: Sight<F, O, N>) => NoInfer<In>,
    options?: StepOptions<Sight<F, O, N>>,
  ): PastStep<F, With<O, Name, Out | N['maybe']>, Grown<G, N, Name>>

  /** Computes something inside the saga: a pure function, its result kept in the log. */
  local<const Name extends string, Out>(
    name: NewName<Name, F, O>,
    compute: (seen: Sight<F, O, N>) => Out,
  ): Next<F, O, G, N, Name, Out>

  /** Waits for a time. */
  sleep<const Name extends string>(
    name: NewName<Name, F, O>,
    until: Until<Sight<F, O, N>>,
  ): Next<F, O, G, N, Name, null>

  /** Waits for a signal. Past the pivot there is no way back: at a deadline the saga goes on. */
  waitFor<const Name extends string, Payload, Then extends 'go-on' = never>(
    name: NewName<Name, F, O>,
    signal: SignalSpec<Payload>,
    limit?: WaitDeadline<Then>,
  ): Next<F, O, G, N, Name, Payload | ([Then] extends [never] ? never : null)>

  /** Waits for a person with one of the roles to give one of the answers. */
  approve<const Name extends string, const Answer extends string, Then extends 'go-on' = never>(
    name: NewName<Name, F, O>,
    options: PastApproveOptions<Answer, Then>,
  ): Next<F, O, G, N, Name, Approval<Answer> | ([Then] extends [never] ? never : null)>

  /** Starts another saga and waits for its end; its output is the step's. */
  child<const Name extends string, In, Out, const Wait extends boolean = true>(
    name: NewName<Name, F, O>,
    definition: Definition<In, Out>,
    input: (seen: Sight<F, O, N>) => NoInfer<In>,
    options?: PastChildOptions<Sight<F, O, N>, Wait>,
  ): Next<F, O, G, N, Name, ChildOut<Out, Wait>>

  /**
   * Waits until the saga holds the lock of a resource, in order of arrival. With `permits` so many sagas may hold it at the
   * same time. It is freed when the saga ends.
   */
  lock<const Name extends string>(
    name: NewName<Name, F, O>,
    resource: (seen: Sight<F, O, N>) => string,
    options?: LockOptions,
  ): Next<F, O, G, N, Name, LockOut>

  /** All branches at once. */
  parallel<const Name extends string, B extends Branches<InnerPast<Sight<F, O, N>>>>(
    name: NewName<Name, F, O>,
    branches: B,
  ): Next<F, O, G, N, Name, AllOut<B>>

  /** The first branch whose condition holds, in the order in which they are written; else the last one, when it is given. */
  choose<
    const Name extends string,
    B extends Choices<Sight<F, O, N>, InnerPast<Sight<F, O, N>>>,
    Otherwise extends AnyEnding = never,
  >(
    name: NewName<Name, F, O>,
    branches: B,
    otherwise?: (b: InnerPast<Sight<F, O, N>>) => Otherwise,
  ): Next<F, O, G, N, Name, ChooseOut<B, Otherwise>>

  /** The same plan for every item, several at once. Mappings in it also see `item` and `index`. */
  each<const Name extends string, Item, End extends AnyEnding>(
    name: NewName<Name, F, O>,
    items: (seen: Sight<F, O, N>) => readonly Item[],
    body: (b: InnerPast<PerItem<Sight<F, O, N>, Item>>) => End,
    options?: EachOptions,
  ): Next<F, O, G, N, Name, EachOut<End, never>>

  /** The same plan again and again, until a condition holds after a round, or it has had its rounds. */
  repeat<const Name extends string, End extends Ending<unknown, Round>, Round = unknown>(
    name: NewName<Name, F, O>,
    body: (b: InnerPast<PerRound<Sight<F, O, N>, Name>>, last: Last<Round>) => End,
    options: RepeatOptions<AfterRound<Sight<F, O, N>, Name, End>, 'go-on'>,
  ): Next<F, O, G, N, Name, OutOf<End>>
}

/** A step with its dependencies said; a condition may follow. */
export interface JoinedPast<in out F extends Frame, in out O, in out G extends Graph, in out N extends Join>
  extends StepsPast<F, O, G, N> {
  /** The next step is skipped unless this holds. */
  when(condition: (seen: Sight<F, O, N>) => boolean): StepsPast<F, O, G, Maybe<N>>
}

/** Past the pivot, with nothing said yet of the next step. */
export interface PastPivot<in out F extends Frame, in out O, in out G extends Graph>
  extends JoinedPast<F, O, G, AfterAll<G>>,
    Ending<O, Flat<O>> {
  /** The next step waits for these only, and always for the pivot; with no name it begins at once. */
  after<const Names extends keyof O & string = never>(...names: Names[]): JoinedPast<F, O, G, AfterThese<G, Names>>
  /** The next step begins when one of these is done. */
  afterAny<const Names extends keyof O & string>(
    first: Names,
    ...others: Names[]
  ): JoinedPast<F, O, G, AfterSome<G, Names>>
  /** The next step begins when so many of these are done. */
  afterAtLeast<const Names extends keyof O & string>(
    count: number,
    ...names: Names[]
  ): JoinedPast<F, O, G, AfterSome<G, Names>>
  /** What the saga can be found by once a step is done. */
  attribute<const Step extends keyof O & string>(
    name: OwnName<F>,
    attribute: StepAttribute<Step, SightAt<F, O, G, Step>>,
  ): PastPivot<F, O, G>
  /** Ends the chain; the mapping makes its output. */
  output<Out>(map: (seen: Seen<F['outer'], O>) => Out): Ended<F, O, Out>
  /** Ends the chain; it has no output. */
  end(): Ended<F, O, null>
}

/** Just after the pivot or a command past it. */
export interface PastStep<in out F extends Frame, in out O, in out G extends Graph> extends PastPivot<F, O, G> {
  /** Says that the step cannot be undone; here nothing needs to be. */
  irreversible(): PastPivot<F, O, G>
}
