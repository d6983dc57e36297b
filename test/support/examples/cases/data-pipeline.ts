import { checks, dataPipeline, lake, rates } from '../../../../docs/examples/data-pipeline.ts'
import { failed, rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, tells, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

const table = (load: string, name: string) => ({ table: `${load}-${name}`, rows: 100 })
const SLOW_MS = 250

export const dataPipelineExample: Example = {
  title: 'a data pipeline as a graph',
  definitions: [dataPipeline],
  bookkeepers: [
    bookkeeper(lake, {
      extract: does(
        ({ source }) => source,
        ({ load, source }) => table(load, source),
      ),
      join: does(
        () => 'joined',
        ({ load }) => (load.endsWith('mess') ? rejected('keys-do-not-match', 'half of them') : table(load, 'joined')),
      ),
      convert: does(
        () => 'converted',
        ({ load, rates: id }) => table(load, `in-${id}`),
      ),
      drop: undoes(({ what }) => what),
      publish: does(
        () => 'publish',
        ({ load }) => (load.endsWith('unread') ? rejected('nobody-checked', 'nobody wants it') : null),
      ),
    }),
    bookkeeper(rates, {
      ask: tells(({ bank }, { attempt }) => {
        if (bank === 'fed' && attempt === 1) throw failed('closed', 'it is night there', { retryAfterMs: SLOW_MS })
        return { id: bank }
      }),
    }),
    bookkeeper(checks, {
      run: tells(({ check, table: name }, { attempt }) => {
        if (check === 'dates' && attempt === 1) throw failed('busy', 'one at a time', { retryAfterMs: SLOW_MS })
        return { ok: name.includes('in-') }
      }),
    }),
  ],
  runs: [
    run(dataPipeline, {
      name: 'publishes with the first rates and two of three checks',
      sagaId: 'load-good',
      input: (id) => ({ id, day: '2027-01-31' }),
      ends: 'completed',
      output: { rows: 100 },
      net: { sales: 'kept', customers: 'kept', products: 'kept', joined: 'kept', converted: 'kept', publish: 'kept' },
      inOrder: ['step-computed rate', 'step-succeeded fed'],
    }),
    run(dataPipeline, {
      name: 'publishes before the third check has come',
      sagaId: 'load-early',
      input: (id) => ({ id, day: '2027-01-31' }),
      ends: 'completed',
      output: { rows: 100 },
      net: { sales: 'kept', customers: 'kept', products: 'kept', joined: 'kept', converted: 'kept', publish: 'kept' },
      inOrder: ['step-requested converted', 'step-requested publish', 'step-succeeded dates'],
    }),
    run(dataPipeline, {
      name: 'drops its three sources when they do not fit together',
      sagaId: 'load-mess',
      input: (id) => ({ id, day: '2027-01-31' }),
      ends: 'compensated',
      net: { sales: 'undone', customers: 'undone', products: 'undone' },
    }),
    run(dataPipeline, {
      name: 'drops its tables in the reversed order when nobody wants to publish it',
      sagaId: 'load-unread',
      input: (id) => ({ id, day: '2027-01-31' }),
      ends: 'compensated',
      net: { sales: 'undone', customers: 'undone', products: 'undone', joined: 'undone', converted: 'undone' },
      inOrder: ['compensation-succeeded converted', 'compensation-requested joined', 'compensation-requested sales'],
    }),
  ],
}
