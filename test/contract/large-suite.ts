/**
 * Values of several megabytes through a whole installation that runs in this process, on whichever home: in over HTTP,
 * to a participant and back, by a signal, many at once, and out of the log again, with the auditor at the end.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Home } from '../../services/home.ts'
import { type Business, type Everything, startEverything } from '../../services/one-process/main.ts'
import { prepare } from '../../services/participants/home.ts'
import { verifyHome } from '../../services/verify/home.ts'
import { historyOf, sagaById } from '../../shared/adapters/postgres/view-queries.ts'
import { BatchReader } from '../../shared/message/batch.ts'
import type { SagaEvent } from '../../shared/message/events.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { saga, signal } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import type { Example } from '../support/examples/run.ts'
import { Asker, expectProblem } from '../support/gateway-asker.ts'

export interface LargeHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

const MEGABYTES_5 = 5_000_000
const ENDS = { timeout: 60_000, interval: 100 }

/** At least so many bytes of text, the same for the same mark. */
function textOf(mark: string, bytes: number): string {
  const words = Array.from({ length: 1_000 }, (_, i) => `${mark} ä${i * 7919} `).join('')
  return words.repeat(Math.ceil(bytes / words.length))
}

const text = z.object({ text: z.string() })

const printer = participant('large-printer', {
  render: command({ input: text, output: z.object({ pages: z.string() }) }),
  discard: command({ input: text }),
  print: command({ input: text, output: z.object({ chars: z.int() }) }),
})

/** Twice as loud: so that no value is the same as another. */
const rendered = (plain: string) => plain.toUpperCase()

const proof = signal('proof', text)

const printing = saga('large-printing', { version: 1, input: text })
  .step('render', printer.render, ({ input }) => ({ text: input.text }))
  .undo(printer.discard, ({ input }) => ({ text: input.text }))
  .waitFor('proof', proof, { deadline: '1 hour', atDeadline: 'turn-back' })
  .step('print', printer.print, ({ proof: marks }) => ({ text: marks.text }))
  .undo(printer.discard, ({ input }) => ({ text: input.text }))
  .output(({ render, print }) => ({ pages: render.pages, chars: print.chars }))

const leaflets = saga('large-leaflets', { version: 1, input: z.object({ texts: z.array(z.string()) }) })
  .each(
    'sheets',
    ({ input }) => input.texts,
    (b) =>
      b
        .step('print', printer.print, ({ item }) => ({ text: item }))
        .keep()
        .output(({ print }) => print.chars),
    { parallel: 20 },
  )
  .output(({ sheets }) => sheets)

const printers: Business['participants'][number] = (home, settings) =>
  prepare(home, settings, {
    name: 'large-printer',
    migrations: {},
    service: (options) =>
      participantService(
        printer,
        {
          render: async ({ text: plain }) => ({ pages: rendered(plain) }),
          discard: async () => null,
          print: async ({ text: plain }) => ({ chars: plain.length }),
        },
        options,
      ),
  })

const BUSINESS: Business = {
  definitions: new Definitions([printing, leaflets]),
  participants: [printers],
  projections: [sagasProjection],
}

/** For a home that makes topics for it. */
export const LARGE_EXAMPLE: Example = {
  title: 'large values',
  definitions: [printing, leaflets],
  bookkeepers: [],
  runs: [],
}

/** A saga's events as the log has them, by the rule of acceptance. */
async function eventsOf({ broker }: Home, topic: string, id: string): Promise<SagaEvent[]> {
  const events: SagaEvent[] = []
  for (const { partition } of await broker.offsets(topic)) {
    const reader = new BatchReader()
    for await (const records of broker.read(topic, partition, 0n))
      for (const record of records)
        for (const { decoded } of reader.read(record)?.events ?? [])
          if (decoded.kind === 'event' && decoded.envelope.sagaId === id) events.push(decoded.envelope.event)
  }
  return events
}

export function largeSuite(open: () => Promise<LargeHome>): void {
  let opened: LargeHome
  let everything: Everything
  let asker: Asker

  const start = async () => {
    everything = await startEverything(opened.home, opened.prefix, BUSINESS)
    asker = new Asker((await everything.open).gateway)
  }
  beforeAll(async () => {
    opened = await open()
    await start()
  })
  afterAll(async () => {
    await everything?.stop()
    await opened?.close()
  })

  const viewOf = async (id: string) => sagaById((await opened.home.views()).store.db, id)
  const statusOf = async (id: string) => (await viewOf(id))?.status
  const outputOf = async (id: string) => {
    const events = await eventsOf(opened.home, everything.topics.events, id)
    const end = events.find(({ type }) => type === 'saga-completed')
    return end && 'output' in end ? end.output : undefined
  }

  test('5 MB go in, to a participant, back, by a signal, and out again, also through a restart', async () => {
    const input = { text: textOf('in', MEGABYTES_5) }
    const marks = { text: textOf('proof', MEGABYTES_5) }
    const started = await asker.post('/v1/sagas', { id: 'book-1', definition: 'large-printing', input })
    expect(started.statusCode, started.body.slice(0, 500)).toBe(202)
    await expect.poll(async () => (await viewOf('book-1'))?.awaits, ENDS).toBe('proof')
    await everything.stop()
    await start()
    await everything.client.signal('book-1', { name: 'proof', payload: marks })
    await expect.poll(() => statusOf('book-1'), ENDS).toBe('completed')
    expect(await outputOf('book-1')).toEqual({ pages: rendered(input.text), chars: marks.text.length })
  })

  test('the same start again is the same saga, and another input a conflict', async () => {
    const input = { text: textOf('in', MEGABYTES_5) }
    const again = await asker.post('/v1/sagas', { id: 'book-1', definition: 'large-printing', input })
    expect(again.statusCode).toBeLessThan(300)
    const other = { text: `${input.text.slice(1)}!` }
    const conflict = await asker.post('/v1/sagas', { id: 'book-1', definition: 'large-printing', input: other })
    expectProblem(conflict, 409, 'start-conflict')
  })

  test('the views keep a large event as how large it is, and where it stands', async () => {
    const { db } = (await opened.home.views()).store
    const [first] = await historyOf(db, 'book-1')
    expect(first?.type).toBe('saga-started')
    expect(first?.data).toEqual({ 'kasaga:omitted': { bytes: expect.any(Number) } })
    const history = await asker.get('/v1/sagas/book-1/history')
    expect(history.statusCode).toBe(200)
    expect(history.body.length).toBeLessThan(100_000)
  })

  test('from a saga that is done another goes on, with 5 MB that it is given', async () => {
    await everything.stop()
    await start()
    const asked = { step: 'proof', fork: 'book-1b', reason: 'misprints', actor: 'ann' }
    const forked = await asker.post('/v1/sagas/book-1/fork', asked)
    expect(forked.statusCode, forked.body.slice(0, 500)).toBe(202)
    await expect.poll(async () => (await viewOf('book-1b'))?.awaits, ENDS).toBe('proof')
    await everything.client.signal('book-1b', { name: 'proof', payload: { text: 'none' } })
    await expect.poll(() => statusOf('book-1b'), ENDS).toBe('completed')
    expect(await outputOf('book-1b')).toEqual({ pages: rendered(textOf('in', MEGABYTES_5)), chars: 4 })
  })

  test('twenty values of 200 KB are asked for side by side, out of an input that holds them all', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => textOf(`s${i}`, 200_000))
    await everything.client.start(leaflets, 'leaflets-1', { texts })
    await expect.poll(() => statusOf('leaflets-1'), ENDS).toBe('completed')
    expect(await outputOf('leaflets-1')).toEqual(texts.map((one) => one.length))
  })

  test('what is too large also for a payload is refused with its reason, and starts nothing', async () => {
    const input = { text: 'x'.repeat(17_000_000) }
    const refused = await asker.post('/v1/sagas', { id: 'book-2', definition: 'large-printing', input })
    expectProblem(refused, 413, 'too-large')
    await expect(everything.client.start(printing, 'book-2', input)).rejects.toThrow('larger than')
    expect(await statusOf('book-2')).toBeUndefined()
  })

  test('the auditor finds nothing, and every payload is there', async () => {
    const { home } = opened
    const { topics } = everything
    const { definitions } = BUSINESS
    const report = await verifyHome(home, { topics, atRest: true, commands: true, definitions, participants: [] })
    expect(report.violations).toEqual([])
    expect(report.sagas).toMatchObject({ completed: 3, running: 0, stuck: 0 })
    expect(report.deadLetters.total).toBe(0)
    let kept = 0
    for await (const { bytes } of home.payloads.list()) kept += bytes
    expect(kept).toBeGreaterThan(6 * MEGABYTES_5)
  })
}
