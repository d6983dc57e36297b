/** One run of an example: what starts it, what happens meanwhile, and what it has come to. */

import type { Definition } from '../../../shared/saga/definition.ts'
import type { SagaStatus } from '../../../shared/view/standing.ts'
import type { Bookkeeper, Net } from './deeds.ts'
import type { ExampleInstallation } from './installation.ts'

export interface ExampleRun {
  readonly name: string
  /** Its id, of which another run of it may have a longer one that ends so. */
  readonly sagaId: string
  start(installation: ExampleInstallation, id: string): Promise<unknown>
  /** What persons and other services do while it runs. */
  readonly meanwhile?: (installation: ExampleInstallation, sagaId: string) => Promise<unknown>
  /** What is to be seen once it has ended. */
  readonly afterwards?: (installation: ExampleInstallation, sagaId: string) => Promise<unknown>
  readonly ends: SagaStatus
  /** What it gives, when it completes. */
  readonly output?: unknown
  /** What the participants have done in the end; `all undone`: whatever it was. */
  readonly net: Readonly<Record<string, Net>> | 'all undone'
  /** Dead letters that it leaves, by their reason. */
  readonly deadLetters?: Readonly<Record<string, number>>
  /** Events that are told in this order: the type, and the step or scope. */
  readonly inOrder?: readonly string[]
}

export interface Example {
  readonly title: string
  readonly definitions: readonly Definition[]
  readonly bookkeepers: readonly Bookkeeper[]
  readonly runs: readonly ExampleRun[]
}

type RunWords<Input> = Omit<ExampleRun, 'start'> & { readonly input: (id: string) => Input }

/** A run of one definition; its input is typed by it. */
export function run<Input>(definition: Definition<Input, unknown>, words: RunWords<Input>): ExampleRun {
  const { input, ...rest } = words
  return { ...rest, start: ({ client }, id) => client.start(definition, id, input(id)) }
}
