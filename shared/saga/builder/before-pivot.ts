/** The chain before the pivot: every step can be undone. */
import type { Command } from '../contract.ts'
import type { Definition, SignalSpec } from '../definition.ts'
import type { LockOut } from '../lock-step.ts'
import type {
  AfterRound,
  Branches,
  Choices,
  ChooseOut,
  EachOut,
  Inner,
  ParallelOut,
  PerItem,
  PerRound,
  SomeOut,
} from './blocks.ts'
import type {
  Approval,
  ApproveOptions,
  AtDeadline,
  ChildOptions,
  ChildOut,
  Enough,
  Last,
  LockOptions,
  NullAt,
  RepeatOptions,
  StepAttribute,
  StepOptions,
  Tolerance,
  TolerantEachOptions,
  Until,
  WaitDeadline,
} from './options.ts'
import type { PastStep } from './past-pivot.ts'
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
  Passed,
  Seen,
  SeenByUndo,
  Sight,
  SightAt,
  Whole,
  With,
} from './seen.ts'

/** The chain with one step more. */
type Next<F extends Frame, O, G extends Graph, N extends Join, Name extends string, Out> = Open<
  F,
  With<O, Name, Out | N['maybe']>,
  Grown<G, N, Name>
>
/** The same just after a command, whose undo can be said. */
type Undoable<F extends Frame, O, G extends Graph, N extends Join, Name extends string, Out> = Next<
  F,
  O,
  G,
  N,
  Name,
  Out
> &
  Undo<SeenByUndo<F, O, N, { [K in Name]: Out }>, Next<F, O, G, N, Name, Out>>

/** What can be said of a command's undo. */
export interface Undo<SeenByIt, Then> {
  /** Says how the step is undone. The step's own output is possibly unknown: its outcome may never have been heard. */
  undo<In, UndoOut>(
    command: Command<In, UndoOut>,
    map: (seen: SeenByIt) => NoInfer<In>,
    options?: StepOptions<SeenByIt>,
  ): Then
  /** A person undoes the step: the saga waits until they say that it is done. */
  undoByHand(what: string): Then
  /** Says on purpose that there is nothing to undo. */
  keep(): Then
  /** Says that the step cannot be undone. Refused where the saga could still turn back: such a step is the pivot, or comes after it. */
  irreversible(): Then
}

/** What can come next before the pivot. */
export interface StepsBefore<in out F extends Frame, in out O, in out G extends Graph, in out N extends Join> {
  /** Adds a step: the command that it sends, and the mapping that makes the payload. `.undo` follows when it has one. */
  step<const Name extends string, In, Out>(
    name: NewName<Name, F, O>,
    command: Command<In, Out>,
    map: (seen: Sight<F, O, N>) => NoInfer<In>,
    options?: StepOptions<Sight<F, O, N>>,
  ): Undoable<F, O, G, N, Name, Out>

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

  /** Waits for a signal, for ever or up to a deadline. A signal that came before is kept, and ends the wait at once. */
  waitFor<const Name extends string, Payload, Then extends AtDeadline = 'turn-back'>(
    name: NewName<Name, F, O>,
    signal: SignalSpec<Payload>,
    limit?: WaitDeadline<Then>,
  ): Next<F, O, G, N, Name, Payload | NullAt<Then>>

  /** Waits for a person with one of the roles to give one of the answers; some answers may turn the saga back. */
  approve<
    const Name extends string,
    const Answer extends string,
    const No extends Answer = never,
    Then extends AtDeadline = 'turn-back',
  >(
    name: NewName<Name, F, O>,
    options: ApproveOptions<Answer, No, Then>,
  ): Next<F, O, G, N, Name, Approval<Exclude<Answer, No>> | NullAt<Then>>

  /** Starts another saga and waits for its end; its output is the step's. */
  child<const Name extends string, In, Out, const Wait extends boolean = true>(
    name: NewName<Name, F, O>,
    definition: Definition<In, Out>,
    input: (seen: Sight<F, O, N>) => NoInfer<In>,
    options?: ChildOptions<Sight<F, O, N>, Wait>,
  ): Next<F, O, G, N, Name, ChildOut<Out, Wait>>

  /**
   * Waits until the saga holds the lock of a resource, in order of arrival. With `permits` so many sagas may hold it at the
   * same time. It is freed when the saga turns back, in its place, and when it ends.
   */
  lock<const Name extends string>(
    name: NewName<Name, F, O>,
    resource: (seen: Sight<F, O, N>) => string,
    options?: LockOptions,
  ): Next<F, O, G, N, Name, LockOut>

  /** All branches at once. With `enough` the saga goes on when so many are done, and the others are undone. */
  parallel<const Name extends string, B extends Branches<Inner<Sight<F, O, N>>>, const E extends Enough = 'all'>(
    name: NewName<Name, F, O>,
    branches: B,
    options?: { readonly enough?: E },
  ): Next<F, O, G, N, Name, ParallelOut<B, E>>

  /** The first branch whose condition holds, in the order in which they are written; else the last one, when it is given. */
  choose<
    const Name extends string,
    B extends Choices<Sight<F, O, N>, Inner<Sight<F, O, N>>>,
    Otherwise extends AnyEnding = never,
  >(
    name: NewName<Name, F, O>,
    branches: B,
    otherwise?: (b: Inner<Sight<F, O, N>>) => Otherwise,
  ): Next<F, O, G, N, Name, ChooseOut<B, Otherwise>>

  /** A save point: one branch after the other until one is done. One that fails is undone before the next begins. */
  attempt<const Name extends string, B extends Branches<Inner<Sight<F, O, N>>>>(
    name: NewName<Name, F, O>,
    branches: B,
  ): Next<F, O, G, N, Name, SomeOut<B>>

  /** The same plan for every item, several at once. Mappings in it also see `item` and `index`. */
  each<const Name extends string, Item, End extends AnyEnding, const Tolerated extends Tolerance = never>(
    name: NewName<Name, F, O>,
    items: (seen: Sight<F, O, N>) => readonly Item[],
    body: (b: Inner<PerItem<Sight<F, O, N>, Item>>) => End,
    options?: TolerantEachOptions<Tolerated>,
  ): Next<F, O, G, N, Name, EachOut<End, Tolerated>>

  /**
   * The same plan again and again, until a condition holds after a round. Mappings in it also see `index`, and under the
   * block's name what the last round gave; `last`, with the type that it is given, reads that.
   */
  repeat<const Name extends string, End extends Ending<unknown, Round>, Round = unknown>(
    name: NewName<Name, F, O>,
    body: (b: Inner<PerRound<Sight<F, O, N>, Name>>, last: Last<Round>) => End,
    options: RepeatOptions<AfterRound<Sight<F, O, N>, Name, End>, 'turn-back' | 'go-on'>,
  ): Next<F, O, G, N, Name, OutOf<End>>
}

/** A step with its dependencies said; a condition may follow. */
export interface JoinedBefore<in out F extends Frame, in out O, in out G extends Graph, in out N extends Join>
  extends StepsBefore<F, O, G, N> {
  /** The next step is skipped unless this holds; a skipped step counts as done, has no output, and is not undone. */
  when(condition: (seen: Sight<F, O, N>) => boolean): StepsBefore<F, O, G, Maybe<N>>
}

/** Before the pivot, with nothing said yet of the next step. */
export interface BeforePivot<in out F extends Frame, in out O, in out G extends Graph>
  extends JoinedBefore<F, O, G, AfterAll<G>>,
    Ending<O, Flat<O>> {
  /** The next step waits for these only; with no name it begins at once. What else was before is possibly not done. */
  after<const Names extends keyof O & string = never>(...names: Names[]): JoinedBefore<F, O, G, AfterThese<G, Names>>
  /** The next step begins when one of these is done. */
  afterAny<const Names extends keyof O & string>(
    first: Names,
    ...others: Names[]
  ): JoinedBefore<F, O, G, AfterSome<G, Names>>
  /** The next step begins when so many of these are done. */
  afterAtLeast<const Names extends keyof O & string>(
    count: number,
    ...names: Names[]
  ): JoinedBefore<F, O, G, AfterSome<G, Names>>
  /** Ends the chain; the mapping makes its output. */
  output<Out>(map: (seen: Seen<F['outer'], O>) => Out): Ended<F, O, Out>
  /** Ends the chain; it has no output. */
  end(): Ended<F, O, null>
}

/** Before the pivot in the outermost chain, which alone can have one. */
export interface BeforeOwnPivot<in out F extends Frame, in out O, in out G extends Graph> extends BeforePivot<F, O, G> {
  /** Adds the step after which the saga only goes forward. It waits for all there is. */
  pivot<const Name extends string, In, Out>(
    name: NewName<Name, F, O>,
    command: Command<In, Out>,
    map: (seen: Seen<F['outer'], O>) => NoInfer<In>,
    options?: StepOptions<Seen<F['outer'], O>>,
  ): PastStep<F, With<O, Name, Out>, Passed<G, (keyof O & string) | Name>>
  /** What the saga can be found by once a step is done: `.attribute('charge', { type: 'text', of: 'charge', from: ({ charge }) => charge.id })`. */
  attribute<const Step extends keyof O & string>(
    name: string,
    attribute: StepAttribute<Step, SightAt<F, O, G, Step>>,
  ): BeforeOwnPivot<F, O, G>
}

/** A chain before the pivot, wherever it stands. */
export type Open<F extends Frame, O, G extends Graph> = F['stage'] extends 'whole'
  ? BeforeOwnPivot<F, O, G>
  : BeforePivot<F, O, G>

/** What a chain is when it has ended: a definition, or the plan of a branch. */
export type Ended<F extends Frame, O, Out> = F extends Whole<infer Input> ? Definition<Input, Out> : Ending<O, Out>
