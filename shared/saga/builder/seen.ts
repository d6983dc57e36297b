/** What a mapping sees at its place in a chain, worked out by the compiler: which steps are surely done, and what they gave. */

/** Where a chain stands: the whole saga, or a plan inside a block, which sees what is around it. */
export interface Frame {
  readonly stage: 'whole' | 'nested'
  readonly outer: object
}
export interface Whole<Input> extends Frame {
  readonly stage: 'whole'
  readonly outer: { readonly input: Input }
}
export interface Nested<Outer extends object> extends Frame {
  readonly stage: 'nested'
  readonly outer: Outer
}

/** What depends on what: for each step the steps that are done when it is, and those that are done when all is that nothing depends on yet. */
export interface Graph {
  readonly before: unknown
  readonly sure: string
  /** Done whatever the next step waits for: the pivot, and all before it. */
  readonly always: string
}
/** A graph whose parts are worked out as the chain grows, and not from its beginning whenever one is asked for. */
interface Known<Before, Sure extends string, Always extends string> extends Graph {
  readonly before: Before
  readonly sure: Sure
  readonly always: Always
}
export type NoSteps = Known<unknown, never, never>
/** The graph with one step more. */
export type Grown<G extends Graph, N extends Join, Name extends string> = Known<
  G['before'] & { [K in Name]: N['known'] | Name },
  N['sure'] | Name,
  G['always']
>
/** After the pivot, which waits for all there is. */
export type Passed<G extends Graph, All extends string> = Known<G['before'] & { [K in All]: All }, All, All>

/** How the next step is joined to the graph. `Maybe` is what a condition adds to its output. */
export interface Join {
  /** Steps that are done when it begins. */
  readonly known: string
  /** Steps that stay sure for what follows without a word of its own. */
  readonly sure: string
  readonly maybe: undefined
}
interface Joined<Done extends string, Sure extends string, May extends undefined = never> {
  readonly known: Done
  readonly sure: Sure
  readonly maybe: May
}

/** Without a modifier a step waits for all there is. */
export type AfterAll<G extends Graph> = Joined<G['sure'], G['sure']>
/** After all the named ones. */
export type AfterThese<G extends Graph, Names> = Joined<Before<G, Names> | G['always'], G['sure']>
/** After some of the named ones: only what each of them waited for is sure. */
export type AfterSome<G extends Graph, Names extends string> = Joined<
  Shared<G, Names> | G['always'],
  Exclude<G['sure'], Exclude<Before<G, Names>, Shared<G, Names> | G['always']>>
>
/** The same, under a condition. */
export type Maybe<N extends Join> = Joined<N['known'], N['sure'], undefined>

type Before<G extends Graph, Names> = Names extends keyof G['before'] ? G['before'][Names] & string : never
type Shared<G extends Graph, Names extends string> = {
  [Name in Before<G, Names>]: Exclude<Names, HavingBefore<G, Names, Name>> extends never ? Name : never
}[Before<G, Names>]
type HavingBefore<G extends Graph, Names, Name> = Names extends string
  ? Name extends Before<G, Names>
    ? Names
    : never
  : never

/** The outputs with one more. */
export type With<Outputs, Name extends string, Out> = Outputs & { [K in Name]: Out }

/** What is seen from outside, and each earlier step's output under its name: possibly undefined unless the step is surely done. */
export type Seen<Outer, Outputs, Done = keyof Outputs> = Outer & {
  readonly [Name in keyof Outputs]: Name extends Done ? Outputs[Name] : Outputs[Name] | undefined
}
/** What the next step's mapping sees. */
export type Sight<F extends Frame, Outputs, N extends Join> = Seen<F['outer'], Outputs, N['known']>
/** What is seen when a step is done: what was done when it began, and its own output. */
export type SightAt<F extends Frame, Outputs, G extends Graph, Step extends string> = Seen<
  F['outer'],
  Outputs,
  Before<G, Step>
>
/** The same for an undo: its own step's output may be unknown. */
export type SeenByUndo<F extends Frame, Outputs, N extends Join, Own> = Sight<F, Outputs, N> & {
  readonly [Name in keyof Own]?: Own[Name] | undefined
}

/** A step's name, once: one that is taken, or that mappings know for something else, does not compile. */
export type NewName<Name extends string, F extends Frame, Outputs> = Name extends
  | keyof Outputs
  | keyof F['outer']
  | 'input'
  | 'item'
  | 'index'
  ? never
  : Name

/** A name of something that only the saga itself has, and no plan inside a block. */
export type OwnName<F extends Frame> = F['stage'] extends 'whole' ? string : never

/** A type as it reads when it is written out. */
export type Flat<T> = { [K in keyof T]: T[K] }
/** What a plan inside a block sees: what is around it, with names of its own over those. */
export type Inside<Outer, Own> = Flat<Omit<Outer, keyof Own> & Readonly<Own>>

declare const STEPS: unique symbol
declare const OUT: unique symbol
/** A chain that can end here: what its steps gave, and what it gives as a whole. Known to the compiler only. */
export interface Ending<Outputs, Out> {
  readonly [STEPS]: Outputs
  readonly [OUT]: Out
}
/** What a branch gives. */
export type OutOf<End> = End extends { readonly [OUT]: infer Out } ? Out : never
/** What a branch's steps gave. */
export type StepsOf<End> = End extends { readonly [STEPS]: infer Outputs } ? Outputs : never
export type AnyEnding = Ending<unknown, unknown>
