/** The types of blocks: what is written in them, and what they give. */
import type { BeforePivot } from './before-pivot.ts'
import type { Enough, Tolerance } from './options.ts'
import type { PastPivot } from './past-pivot.ts'
import type { AnyEnding, Inside, Nested, NoSteps, OutOf, Seen, StepsOf } from './seen.ts'

/** A plan inside a block that may be undone. */
export type Inner<Outer extends object> = BeforePivot<Nested<Outer>, unknown, NoSteps>
/** A plan inside a block past the pivot. */
export type InnerPast<Outer extends object> = PastPivot<Nested<Outer>, unknown, NoSteps>

/** Branches by name, each a chain that is given its beginning. */
export type Branches<Begin> = Readonly<Record<string, (b: Begin) => AnyEnding>>
/** Branches by name, each with the condition under which it is taken. */
export type Choices<Sight, Begin> = Readonly<
  Record<string, { readonly when: (seen: Sight) => boolean; readonly do: (b: Begin) => AnyEnding }>
>

type OutOfBody<Body> = Body extends (...args: never) => infer End ? OutOf<End> : never

/** What each branch gave. */
export type AllOut<B> = { readonly [Name in keyof B]: OutOfBody<B[Name]> }
/** What the branches gave that were done. */
export type SomeOut<B> = { readonly [Name in keyof B]?: OutOfBody<B[Name]> | undefined }
export type ParallelOut<B, E extends Enough> = E extends 'all' ? AllOut<B> : SomeOut<B>
/** What the branch gave that was taken. */
export type ChooseOut<B, Otherwise> = {
  readonly [Name in keyof B]?: (B[Name] extends { readonly do: infer Body } ? OutOfBody<Body> : never) | undefined
} & ([Otherwise] extends [never] ? unknown : { readonly otherwise?: OutOf<Otherwise> | undefined })

/** What the plan of an `each` sees. */
export type PerItem<Sight, Item> = Inside<Sight, { item: Item; index: number }>
/** One output an item, in their order; null where the item failed. */
export type EachOut<End, Tolerated extends Tolerance> = readonly (
  | OutOf<End>
  | ([Tolerated] extends [never] ? never : null)
)[]

/** What the plan of a `repeat` sees: the round's index, and under the block's own name the last round's output. */
export type PerRound<Sight, Name extends string> = Inside<Sight, { index: number } & { [K in Name]: unknown }>
/** What its condition sees: also what the round's steps gave, and under the block's own name the round's output. */
export type AfterRound<Sight, Name extends string, End> = Seen<
  Inside<Sight, { index: number } & { [K in Name]: OutOf<End> }>,
  StepsOf<End>
>
