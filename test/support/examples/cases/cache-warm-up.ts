import { cache, cacheWarmUp, catalogue } from '../../../../docs/examples/cache-warm-up.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, type Net, tells, undoes } from '../deeds.ts'
import { type Example, type ExampleRun, run } from '../run.ts'

/** `400 but 3`: so many products, of which so many are gone. The gone ones are spread over the list. */
function skusOf(category: string): string[] {
  const [count = 0, gone = 0] = category.split(' but ').map(Number)
  const every = Math.floor(count / Math.max(1, gone))
  return Array.from({ length: count }, (_, i) => {
    const isGone = gone > 0 && i % every === every - 1 && Math.floor(i / every) < gone
    return `${isGone ? 'gone' : 'sku'}-${i}`
  })
}

const filled = (category: string, net: Net): Record<string, Net> =>
  Object.fromEntries(
    skusOf(category)
      .filter((sku) => sku.startsWith('sku'))
      .map((sku) => [sku, net]),
  )

/** A warm-up of so many products, of which so many fail, no more than are tolerated. */
export function warmUpOf(products: number, gone: number): ExampleRun {
  const category = `${products} but ${gone}`
  const sagaId = `warm-up-${products}`
  return run(cacheWarmUp, {
    name: `fills ${products} products but ${gone} that are gone`,
    sagaId,
    input: (generation) => ({ generation, category }),
    ends: 'completed',
    output: { filled: products - gone, left: gone },
    net: { ...filled(category, 'kept'), switched: 'kept' },
  })
}

export const cacheWarmUpExample: Example = {
  title: 'a cache that is filled product by product',
  definitions: [cacheWarmUp],
  bookkeepers: [
    bookkeeper(catalogue, { list: tells(({ category }) => ({ skus: skusOf(category) })) }),
    bookkeeper(cache, {
      fill: does(
        ({ sku }) => sku,
        ({ sku }) => (sku.startsWith('gone') ? rejected('no-such-product', `${sku} is gone`) : null),
      ),
      drop: undoes(({ sku }) => sku),
      switch: does(
        () => 'switched',
        () => null,
      ),
    }),
  ],
  runs: [
    warmUpOf(400, 4),
    run(cacheWarmUp, {
      name: 'drops what it has filled when more are gone than are tolerated',
      sagaId: 'warm-up-poor',
      input: (generation) => ({ generation, category: '100 but 2' }),
      ends: 'compensated',
      // Which of them had been filled when the second one failed is a matter of chance.
      net: 'all undone',
    }),
  ],
}
