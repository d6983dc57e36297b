/**
 * A shop fills a new cache before it is switched to: every product, ten thousand and more, many at a time. Some products
 * may fail, they are read when they are asked for; when too many do, what was filled is dropped and the old cache stays.
 *
 * Shapes: one plan for each item of a long list, so many at once; a tolerated share; an undo for each item; a pivot.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const generation = z.string().min(1).max(100)

export const catalogue = participant('catalogue', {
  list: command({ input: z.object({ category: z.string() }), output: z.object({ skus: z.array(z.string()) }) }),
})

export const cache = participant('cache', {
  fill: command({ input: z.object({ generation, sku: z.string() }), rejects: ['no-such-product'] }),
  drop: command({ input: z.object({ generation, sku: z.string() }) }),
  /** Serves from this generation. */
  switch: command({ input: z.object({ generation, filled: z.int() }) }),
})

export const WarmUp = z.object({ generation, category: z.string() })

export const cacheWarmUp = saga('cache-warm-up', { version: 1, input: WarmUp, deadline: '2 hours' })
  .step('list', catalogue.list, ({ input }) => ({ category: input.category }))
  .keep()
  .each(
    'products',
    ({ list }) => list.skus,
    (b) =>
      b
        .step('fill', cache.fill, ({ input, item }) => ({ generation: input.generation, sku: item }))
        .undo(cache.drop, ({ input, item }) => ({ generation: input.generation, sku: item }))
        .output(() => true),
    { parallel: 250, tolerate: '1%' },
  )
  .local('filled', ({ products }) => products.filter((done) => done !== null).length)
  .pivot('switch', cache.switch, ({ input, filled }) => ({ generation: input.generation, filled }))
  .output(({ products, filled }) => ({ filled, left: products.length - filled }))
