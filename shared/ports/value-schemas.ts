/** Schemas of the values of records, under the names that a schema registry keeps them by. */
import type { NewRecord } from '../message/record.ts'

export type ValueFormat = 'json' | 'avro'

export interface ValueSchema {
  /** Name in the registry. */
  readonly subject: string
  readonly format: ValueFormat
  /** The schema itself, as JSON text. */
  readonly text: string
}

export interface ValueSchemas {
  readonly all: readonly ValueSchema[]
  /** The schema of a record's value, by its headers; `undefined` where no contract tells one. */
  of(headers: NewRecord['headers']): ValueSchema | undefined
}
