/** Whether a schema says the same as a type, field by field. */
import type { SagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'

type Full<T> = Json extends T
  ? 'json'
  : T extends SagaId
    ? string
    : T extends object
      ? { readonly [K in keyof T]-?: Full<T[K]> }
      : T

export type Same<A, B> = [Full<A>] extends [Full<B>] ? ([Full<B>] extends [Full<A>] ? true : never) : never
