import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { rejected } from '../../shared/participant/answer.ts'
import { batched, type Handlers } from '../../shared/participant/handlers.ts'
import { operationsOf } from '../../shared/participant/operations.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const till = participant('till', {
  open: command({ input: z.object({ drawer: z.int() }), output: z.object({ key: z.string() }) }),
  close: command({ input: z.object({ drawer: z.int() }) }),
})
type Tx = { readonly write: (text: string) => void }

test('handlers are typed by their contract', () => {
  const handlers: Handlers<typeof till, Tx> = {
    open: async (input, { tx, command: info }) => {
      expectTypeOf(input).toEqualTypeOf<{ drawer: number }>()
      expectTypeOf(tx).toEqualTypeOf<Tx>()
      return info.attempt > 3 ? rejected('worn-out', 'the lock is worn out') : { key: 'k' }
    },
    close: batched(async (items, { tx }) => {
      expectTypeOf(items[0]?.input).toEqualTypeOf<{ drawer: number } | undefined>()
      expectTypeOf(tx).toEqualTypeOf<Tx>()
      return items.map(() => null)
    }),
  }
  expect([...operationsOf<typeof till, Tx>(till, handlers).keys()]).toEqual(['till.open.v1', 'till.close.v1'])
})

test('a handler that is missing does not compile, and does not start', () => {
  // @ts-expect-error `close` is missing
  const handlers: Handlers<typeof till, Tx> = { open: async () => ({ key: 'k' }) }
  expect(() => operationsOf<typeof till, Tx>(till, handlers)).toThrow('till.close.v1 has no handler')
})

test('an output that breaks the contract does not compile', () => {
  // @ts-expect-error the key is a text
  const one: Handlers<typeof till, Tx>['open'] = async () => ({ key: 5 })
  // @ts-expect-error each answer has a key
  const many: Handlers<typeof till, Tx>['open'] = batched(async () => [{ lock: 'k' }])
  expect([one, many]).toHaveLength(2)
})
