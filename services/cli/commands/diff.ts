/** `kasaga diff`: what changed of a saga between two points of its life. */
import type { SagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import type { HistoryMoment, SagaHistory, SagaPoint } from '../../../shared/runtime/saga-history.ts'
import { type StateChange, stateChanges } from '../../../shared/saga/data/state-changes.ts'
import { sagaIdArgument } from '../options.ts'
import { POINT, sagaPoint } from '../point-option.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { plain } from '../text/plain.ts'
import { pointAnswer, pointText } from '../text/point-text.ts'
import { spanText } from '../text/spans.ts'
import { expectWhole, type HistoryRun, reached } from './replay.ts'
import { type LogOptions, withLogOptions } from './run-options.ts'

interface Options extends LogOptions {
  readonly json: boolean
}

const HELP = `
From the log alone, as \`kasaga replay\`. One line for each difference: + came, - went, ~ changed; then the events between.
Exit 1: there is no such saga, or it was not at such a point.

Examples:
  kasaga diff order-1 3 9 --data-dir .data
  kasaga diff order-1 2026-01-31T10:00:00Z 2026-01-31T10:05:00Z --log incident.ndjson.gz --json`

export function diffCommand(run: HistoryRun): CliCommand {
  return (program, around) => {
    const command = program
      .command('diff')
      .description('Show what changed of a saga between two points of its life, from the log alone.')
      .argument('<id>', 'id of the saga', sagaIdArgument)
      .argument('<a>', POINT, sagaPoint)
      .argument('<b>', 'the same', sagaPoint)
      .option('--json', 'print the differences as one line of JSON', false)
    withLogOptions(command)
      .addHelpText('after', HELP)
      .action(async (id: SagaId, a: SagaPoint, b: SagaPoint, options: Options) => {
        const history = await run.history(id, options)
        const [from, to] = [reached(history, a), reached(history, b)]
        show({ history, from: from.last, to: to.last }, options, around)
        expectWhole(history, a, from.moments)
        expectWhole(history, b, to.moments)
      })
  }
}

interface Compared {
  readonly history: SagaHistory
  readonly from: HistoryMoment
  readonly to: HistoryMoment
}

function show({ history, from, to }: Compared, { json }: Options, { stdout }: Surroundings): void {
  const changes = stateChanges(from.state, to.state)
  const [first, last] = [from.event.seq, to.event.seq].sort((a, b) => a - b)
  const between = history.moments.slice(first, last)
  if (json) {
    const events = between.map((moment) => pointAnswer(history, moment))
    const points = { from: pointAnswer(history, from), to: pointAnswer(history, to) }
    stdout.write(`${JSON.stringify({ id: history.id, ...points, changes, events })}\n`)
    return
  }
  const lines = [
    `from ${pointText(history, from)}`,
    `to   ${pointText(history, to)}: ${spanText(Math.abs(to.event.at - from.event.at))} between`,
    ...(changes.length === 0 ? ['nothing changed'] : changes.map(changeText)),
    ...between.map(({ event }) => plain(`  ${event.seq}  ${event.event.type} ${aboutText(event.event)}`.trimEnd())),
  ]
  stdout.write(`${lines.join('\n')}\n`)
}

function aboutText(event: object): string {
  if ('step' in event && typeof event.step === 'string') return event.step
  return 'scope' in event && typeof event.scope === 'string' ? event.scope : ''
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const

function changeText({ kind, of, path, field, before, after }: StateChange): string {
  const place = path === '' ? of : `${of} ${path}`
  const values = [before, after].flatMap((value) => (value === undefined ? [] : [valueText(value)]))
  return plain(`${SIGNS[kind]} ${place}${field === undefined ? '' : ` ${field}`}: ${values.join(' -> ')}`, 240)
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
