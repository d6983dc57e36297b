/** `kasaga replay`: what a saga was at a point of its life, from the log alone. */
import type { SagaDetail } from '../../../shared/client/http-api.ts'
import type { SagaId } from '../../../shared/message/ids.ts'
import {
  type HistoryMoment,
  momentsUpTo,
  type SagaHistory,
  type SagaPoint,
} from '../../../shared/runtime/saga-history.ts'
import { CliFailure } from '../failure.ts'
import { sagaIdArgument } from '../options.ts'
import { POINT, sagaPoint } from '../point-option.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { brokenText, pointAnswer, pointText } from '../text/point-text.ts'
import { detailText } from '../text/saga-text.ts'
import { type LogOptions, withLogOptions } from './run-options.ts'

/** What commands run on that read one saga out of a log. */
export interface HistoryRun {
  readonly history: (id: SagaId, options: LogOptions) => Promise<SagaHistory>
  /** The saga as the views would have it after these moments. */
  readonly detail: (history: SagaHistory, moments: readonly HistoryMoment[]) => SagaDetail
}

interface Options extends LogOptions {
  readonly to?: SagaPoint
  readonly json: boolean
}

const HELP = `
It is folded from the log by what the engine folds with; no engine runs, and no views are asked. A data folder is read while
nothing runs in it; Kafka also while everything runs; an exported log anywhere.
Exit 1: there is no such saga, it had not begun or come so far, or its events cannot be read up to there.

Examples:
  kasaga replay order-1 --to 7 --data-dir .data
  kasaga replay order-1 --to 2026-01-31T10:00:00Z --kafka 127.0.0.1:9092 --json
  kasaga replay order-1 --log incident.ndjson.gz`

export function replayCommand(run: HistoryRun): CliCommand {
  return (program, around) => {
    const command = program
      .command('replay')
      .description('Show what a saga was at a point of its life, from the log alone.')
      .argument('<id>', 'id of the saga', sagaIdArgument)
      .option('--to <point>', `${POINT}; the newest when absent`, sagaPoint)
      .option('--json', 'print the saga and its state as one line of JSON', false)
    withLogOptions(command)
      .addHelpText('after', HELP)
      .action(async (id: SagaId, options: Options) => {
        const history = await run.history(id, options)
        replay(run, { history, options, around })
      })
  }
}

interface Asked {
  readonly history: SagaHistory
  readonly options: Options
  readonly around: Surroundings
}

function replay(run: HistoryRun, { history, options, around }: Asked): void {
  const point = options.to ?? { at: 'newest' }
  const { moments, last } = reached(history, point)
  const saga = run.detail(history, moments)
  const { broken } = history
  if (options.json) {
    const hole = broken && { offset: String(broken.offset), why: broken.why }
    const json = { id: history.id, point: pointAnswer(history, last), saga, state: last.state, broken: hole ?? null }
    around.stdout.write(`${JSON.stringify(json)}\n`)
  } else {
    const now = point.at === 'time' ? point.ms : last.event.at
    around.stdout.write(`${pointText(history, last)}\n${detailText(saga, { color: around.color, now })}\n`)
  }
  expectWhole(history, point, moments)
}

export interface Reached {
  readonly moments: readonly HistoryMoment[]
  readonly last: HistoryMoment
}

/** @throws CliFailure where the saga was not at that point. */
export function reached(history: SagaHistory, point: SagaPoint): Reached {
  const { id, moments: all, broken, partition } = history
  const first = all[0]
  if (!first && broken) throw unreadable(history)
  if (!first)
    throw new CliFailure(1, 'unknown-saga', {
      message: `the log has no saga ${id}`,
      next: 'Check the id, and --prefix where it is not kasaga',
    })
  if (point.at === 'place' && point.partition !== partition)
    throw new CliFailure(2, 'other-partition', {
      message: `${id} is in partition ${partition}, not ${point.partition}`,
    })
  const moments = momentsUpTo(history, point)
  const last = moments.at(-1)
  if (!last) {
    const { at, offset } = first.event
    const began = `${new Date(at).toISOString()}, at ${partition}/${offset}`
    throw new CliFailure(1, 'not-begun', { message: `${id} had not begun: it did at ${began}` })
  }
  if (point.at === 'seq' && point.seq > last.event.seq && !broken)
    throw new CliFailure(1, 'not-so-far', { message: `${id} has ${last.event.seq} events, and none is ${point.seq}` })
  return { moments, last }
}

/** @throws CliFailure where what is asked for lies behind what can be read: what was shown is then not all. */
export function expectWhole(history: SagaHistory, point: SagaPoint, moments: readonly HistoryMoment[]): void {
  const { broken, moments: all } = history
  if (!broken || moments.length < all.length) return
  const isBefore =
    (point.at === 'seq' && point.seq <= moments.length) || (point.at === 'place' && point.offset < broken.offset)
  if (!isBefore) throw unreadable(history)
}

function unreadable(history: SagaHistory): CliFailure {
  return new CliFailure(1, 'saga-unreadable', {
    message: brokenText(history),
    next: 'See what else is wrong with: kasaga verify',
  })
}
