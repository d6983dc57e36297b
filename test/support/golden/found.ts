/** Golden sagas that are found by attributes: of their input, and of what each kind of step gives. */
import { z } from 'zod'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { of, shop } from './shop.ts'

export const found = saga('found', {
  version: 1,
  input: z.object({ customer: z.string() }),
  attributes: {
    customer: { type: 'text', from: ({ input }) => input.customer },
    chars: { type: 'number', from: ({ input }) => input.customer.length },
    known: { type: 'boolean', from: () => true },
  },
})
  .step('stock', shop.do, of('stock'))
  .end()

export const foundLater = saga('found-later', {
  version: 1,
  input: z.object({ customer: z.string() }),
  attributes: { customer: { type: 'text', from: ({ input }) => input.customer } },
})
  .step('stock', shop.do, of('stock'))
  .attribute('stock', { type: 'text', of: 'stock', from: ({ stock }) => stock.of })
  .local('count', () => 3)
  .attribute('count', { type: 'number', of: 'count', from: ({ count }) => count })
  .attribute('failing', { type: 'text', of: 'count', from: () => JSON.parse('{') })
  .waitFor('word', signal('word', z.object({ is: z.boolean() })))
  .attribute('word', { type: 'boolean', of: 'word', from: ({ word }) => word.is })
  .each(
    'parts',
    () => [1, 2],
    (b) => b.local('twice', ({ item }) => item * 2).output(({ twice }) => twice),
  )
  .attribute('parts', { type: 'text', of: 'parts', from: ({ parts }) => parts.join('+') })
  .step('ship', shop.do, of('ship'))
  .attribute('ship', { type: 'text', of: 'ship', from: ({ ship }) => ship.of })
  .end()
