/**
 * A data team loads last night's sales. Three sources are read at once; exchange rates come from whoever answers first;
 * the tables are joined as soon as theirs are there; two of three checks are enough to publish. When the load turns back,
 * tables are dropped in the reversed order, each as soon as nothing stands on it any more.
 *
 * Shapes: a graph of steps in which each names those that it waits for: all of them, any, or at least so many.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const load = z.string().min(1).max(100)
const Table = z.object({ table: z.string(), rows: z.int().nonnegative() })

export const lake = participant('lake', {
  extract: command({ input: z.object({ load, source: z.string(), day: z.iso.date() }), output: Table }),
  join: command({
    input: z.object({ load, tables: z.array(z.string()) }),
    output: Table,
    rejects: ['keys-do-not-match'],
  }),
  convert: command({ input: z.object({ load, table: z.string(), rates: z.string() }), output: Table }),
  drop: command({ input: z.object({ load, what: z.string() }) }),
  publish: command({ input: z.object({ load, table: z.string() }), rejects: ['nobody-checked'] }),
})

export const rates = participant('rates', {
  ask: command({
    input: z.object({ load, bank: z.string(), day: z.iso.date() }),
    output: z.object({ id: z.string() }),
  }),
})

export const checks = participant('checks', {
  run: command({
    input: z.object({ load, check: z.string(), table: z.string() }),
    output: z.object({ ok: z.boolean() }),
  }),
})

export const Load = z.object({ id: load, day: z.iso.date() })
type Seen = { readonly input: z.infer<typeof Load> }

const from =
  (source: string) =>
  ({ input }: Seen) => ({ load: input.id, source, day: input.day })
const at =
  (bank: string) =>
  ({ input }: Seen) => ({ load: input.id, bank, day: input.day })
const dropped =
  (what: string) =>
  ({ input }: Seen) => ({ load: input.id, what })

export const dataPipeline = saga('data-pipeline', { version: 1, input: Load, deadline: '6 hours' })
  .after()
  .step('sales', lake.extract, from('sales'))
  .undo(lake.drop, dropped('sales'))
  .after()
  .step('customers', lake.extract, from('customers'))
  .undo(lake.drop, dropped('customers'))
  .after()
  .step('products', lake.extract, from('products'))
  .undo(lake.drop, dropped('products'))
  .after()
  .step('ecb', rates.ask, at('ecb'))
  .keep()
  .after()
  .step('fed', rates.ask, at('fed'))
  .keep()
  .after('sales', 'customers', 'products')
  .step('joined', lake.join, ({ input, sales, customers, products }) => ({
    load: input.id,
    tables: [sales.table, customers.table, products.table],
  }))
  .undo(lake.drop, dropped('joined'))
  .afterAny('ecb', 'fed')
  .local('rate', ({ ecb, fed }) => ecb?.id ?? fed?.id ?? 'none')
  .after('joined', 'rate')
  .step('converted', lake.convert, ({ input, joined, rate }) => ({ load: input.id, table: joined.table, rates: rate }))
  .undo(lake.drop, dropped('converted'))
  .after('converted')
  .step('sums', checks.run, ({ input, converted }) => ({ load: input.id, check: 'sums', table: converted.table }))
  .keep()
  .after('converted')
  .step('gaps', checks.run, ({ input, converted }) => ({ load: input.id, check: 'gaps', table: converted.table }))
  .keep()
  .after('converted')
  .step('dates', checks.run, ({ input, converted }) => ({ load: input.id, check: 'dates', table: converted.table }))
  .keep()
  .afterAtLeast(2, 'sums', 'gaps', 'dates')
  .step('publish', lake.publish, ({ input, converted }) => ({ load: input.id, table: converted.table }))
  .undo(lake.drop, dropped('publish'))
  .output(({ converted }) => ({ rows: converted.rows }))
