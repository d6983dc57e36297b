/** One saga of each shape, played to its end or to where it stands: what golden logs are recorded from. */
import { z } from 'zod'
import { sagaId } from '../../../shared/message/ids.ts'
import { saga, signal } from '../../../shared/saga/builder.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { Play } from '../play.ts'
import { found, foundLater } from './found.ts'
import { of, shop } from './shop.ts'

const begin = (name: string) => saga(name, { version: 1, input: z.json(), deadline: '30 days' })

function list(play: Play): void {
  play.start({ order: 'o-1' })
  play.answer('stock', 'failed')
  play.fire()
  play.answer('stock', 'progress', { percent: 40 })
  for (const step of ['stock', 'charge', 'ship', 'tell']) play.answer(step)
}

function listBack(play: Play): void {
  play.start({ order: 'o-1' })
  play.answer('stock')
  play.answer('charge')
  play.answer('ship', 'rejected', { code: 'no-carrier', message: 'none goes there' })
  play.undone('charge', 'failed')
  play.fire()
  play.undone('charge', 'fatal')
  play.act('retry')
  play.undone('charge')
  play.undone('stock', 'progress')
  play.undone('stock')
}

const order = begin('list')
  .step('stock', shop.do, of('stock'), { retry: { attempts: 3 } })
  .undo(shop.undo, of('stock'))
  .step('charge', shop.do, of('charge'))
  .undo(shop.undo, of('charge'))
  .pivot('ship', shop.do, of('ship'))
  .step('tell', shop.do, of('tell'))
  .output(({ ship }) => ({ tracking: ship.of }))

/** The list with another name in it, a step more before the pivot, and what the old one could not do. */
const reordered = saga('list', { version: 2, input: z.json() })
  .migratesFrom(
    1,
    ({ outputs }) => ({ input: { order: 'o-2' }, outputs: { stock: outputs.stock, check: { of: 'no' } } }),
    {
      renames: { charge: 'pay' },
    },
  )
  .step('stock', shop.do, of('stock'))
  .undo(shop.undo, of('stock'))
  .step('check', shop.do, of('check'))
  .undo(shop.undo, of('check'))
  .step('pay', shop.do, of('pay'))
  .undo(shop.undo, of('pay'))
  .pivot('ship', shop.do, of('ship'))
  .step('tell', shop.do, of('tell'))
  .end()

const limited = saga('limited', { version: 1, input: z.object({ tenant: z.string() }), priority: 8 })
  .step('stock', shop.do, of('stock'), { limitBy: ({ input }) => input.tenant })
  .undo(shop.undo, of('stock'))
  .step('charge', shop.do, of('charge'))
  .end()

const graph = begin('graph')
  .step('a', shop.do, of('a'))
  .undo(shop.undo, of('a'))
  .after('a')
  .step('b', shop.do, of('b'))
  .undo(shop.undo, of('b'))
  .after('a')
  .step('c', shop.do, of('c'))
  .undoByHand('take c down')
  .afterAny('b', 'c')
  .local('first', ({ b }) => (b ? 'b' : 'c'))
  .step('d', shop.do, of('d'))
  .end()

const quotes = begin('parallel')
  .parallel(
    'quote',
    {
      one: (b) => b.step('ask', shop.do, of('one')).undo(shop.undo, of('one')),
      two: (b) =>
        b
          .step('ask', shop.do, of('two'))
          .undo(shop.undo, of('two'))
          .output(({ ask }) => ask.of),
    },
    { enough: 'any' },
  )
  .end()

const choice = begin('choose')
  .when(() => false)
  .step('never', shop.do, of('never'))
  .choose('way', { big: { when: () => false, do: (b) => b.local('big', () => 1) } }, (b) => b.local('small', () => 0))
  .end()

const savePoint = begin('attempt')
  .attempt('way', {
    first: (b) => b.step('try', shop.do, of('try'), { retry: { attempts: 3 } }).undo(shop.undo, of('try')),
    second: (b) => b.step('other', shop.do, of('other')).undo(shop.undo, of('other')),
  })
  .end()

const items = begin('each')
  .each(
    'warm',
    ({ input }) => input as string[],
    (b) => b.step('load', shop.do, ({ item }) => ({ what: item })).undo(shop.undo, ({ item }) => ({ what: item })),
    { parallel: 2, tolerate: 1 },
  )
  .output(({ warm }) => warm.map((one) => one?.load.of ?? null))

const rounds = begin('repeat')
  .repeat('round', (b) => b.step('ask', shop.do, ({ index }) => ({ what: index })), {
    until: ({ ask }) => ask.of === 'settled',
    roundsMax: 3,
  })
  .end()

const waits = begin('waits')
  .sleep('rest', '2 weeks')
  .waitFor('papers', signal('papers', z.json()), { deadline: '1 day', atDeadline: 'go-on' })
  .approve('manager', { roles: ['manager'], answers: ['yes', 'no'], turnBackOn: ['no'] })
  .end()

const slow = {
  retry: { backoff: 'fibonacci', maxAge: '1 day', notOn: ['gone'], rules: [{ code: 'busy', firstDelay: '10 s' }] },
  takeUp: '5 s',
  progress: '20 s',
  timeout: '1 min',
  total: '2 min',
} as const
const times = begin('times').step('pack', shop.do, of('pack'), slow).undo(shop.undo, of('pack'), slow).end()

function everyTime(play: Play): void {
  play.start()
  play.answer('pack', 'failed', { code: 'busy', message: 'not now' })
  play.fire()
  // It is not taken up, makes no progress, does not end in time, and then it has had all its time.
  play.fire()
  play.fire()
  play.answer('pack', 'progress', { percent: 20 })
  play.fire()
  for (const heard of [4, 2]) {
    play.fire()
    for (let i = 0; i < heard; i++) {
      play.answer('pack', 'progress', { percent: 30 + i })
      if (i < heard - 1) play.now += 18_000
    }
    play.fire()
  }
  play.undone('pack', 'progress')
  play.fire()
  play.fire()
  play.undone('pack')
}

const parent = begin('parent')
  .child('parcel', order, ({ input }) => input, { undo: 'cancel' })
  .child('letter', savePoint, ({ input }) => input, { wait: false })
  .step('last', shop.do, of('last'))
  .end()

const many = begin('yield')
  .each(
    'sum',
    () => Array.from({ length: 150 }, (_, i) => i),
    (b) => b.local('twice', ({ item }) => item * 2),
  )
  .end()

export interface Golden {
  readonly definition: Definition
  readonly play: (play: Play) => void
}

const golden = (definition: Definition, play: (play: Play) => void): Golden => ({ definition, play })

function lateSuccess(play: Play): void {
  play.start()
  play.answer('way[first].try', 'failed')
  play.fire()
  play.answer('way[first].try', 'rejected')
  play.answer('way[second].other')
  const reply = { kind: 'reply', sagaId: play.id, step: 'way[first].try', direction: 'forward' } as const
  const late = { attempt: 1, outcome: 'success', body: { of: 'late' } } as const
  play.give({ ...reply, ...late, errorCode: undefined, retryAfterMs: undefined })
  play.undone('way[first].try')
}

function child(play: Play): void {
  const link = { sagaId: play.id, step: 'parcel', attempt: 1 }
  const { name: definition, version } = play.definition
  const start = { kind: 'start', sagaId: play.id, definition, version, input: {}, inputHash: 'h' } as const
  play.give({ ...start, parent: { ...link, waits: true } })
  play.give({ ...start, parent: { ...link, step: 'other', waits: true } })
  play.answer('way[first].try')
  play.give({ kind: 'undo', sagaId: play.id, parent: link })
  play.undone('way[first].try')
}

const locked = begin('locked')
  .lock('one', () => 'sku:1')
  .lock('two', ({ one }) => `of:${one.resource}`, { permits: 2, timeout: '10 s' })
  .step('take', shop.do, of('take'))
  .undo(shop.undo, of('take'))
  .lock('three', () => 'sku:3')
  .end()

const granted = (resource: string, token: number) => ({ resource, token })

/** Every golden log by name. */
export const GOLDEN: Readonly<Record<string, Golden>> = {
  list: golden(order, list),
  'list-undone': golden(order, listBack),
  'list-cancelled': golden(order, (play) => {
    play.start()
    play.answer('stock')
    play.act('cancel')
    play.undone('charge')
  }),
  'cancel-at-the-pivot': golden(order, (play) => {
    play.start()
    for (const step of ['stock', 'charge']) play.answer(step)
    play.act('cancel')
    play.answer('ship')
    play.act('cancel')
  }),
  'graph-by-hand': golden(graph, (play) => {
    play.start()
    for (const step of ['a', 'c', 'b']) play.answer(step)
    play.answer('d', 'rejected')
    play.undone('b')
    play.resolve('c')
    play.undone('a')
  }),
  race: golden(quotes, (play) => {
    play.start()
    play.answer('quote[two].ask')
    play.undone('quote[one].ask')
  }),
  choice: golden(choice, (play) => void play.start()),
  'late-success': golden(savePoint, lateSuccess),
  items: golden(items, (play) => {
    play.start(['x', 'y', 'z'])
    play.answer('warm[0].load', 'rejected')
    for (const item of [1, 2]) play.answer(`warm[${item}].load`)
  }),
  'rounds-at-the-limit': golden(rounds, (play) => {
    play.start()
    for (const round of [0, 1, 2]) play.answer(`round[${round}].ask`)
  }),
  waits: golden(waits, (play) => {
    play.start()
    play.signal('papers', 'early')
    play.fire()
    play.signal('manager', { answer: 'no' }, ['manager'])
  }),
  parent: golden(parent, (play) => {
    play.start({ n: 1 })
    play.answer('parcel', 'success', { tracking: 't' })
    play.answer('last', 'rejected')
    play.undone('letter')
  }),
  child: golden(savePoint, child),
  voided: golden(savePoint, (play) => {
    play.give({ kind: 'undo', sagaId: play.id, parent: { sagaId: play.id, step: 'parcel', attempt: 1 } })
  }),
  times: golden(times, everyTime),
  killed: golden(order, (play) => {
    play.start()
    play.answer('stock')
    play.act('kill')
  }),
  mended: golden(order, (play) => {
    play.start({ order: 'o-1' })
    for (const step of ['stock', 'charge']) play.answer(step)
    play.answer('ship', 'fatal')
    play.ask({ kind: 'resolve', step: 'ship', as: 'done', output: { of: 'ship' } })
    play.answer('tell', 'rejected')
    play.ask({ kind: 'retry', step: 'tell' })
    play.answer('tell', 'rejected')
    play.ask({ kind: 'edit', step: 'tell', payload: { what: 'something else' } })
    play.answer('tell', 'fatal')
    play.ask({ kind: 'resolve', step: 'tell', as: 'failed' })
    play.ask({ kind: 'skip', step: 'tell', output: { of: 'tell' }, notDone: true })
  }),
  paused: golden(order, (play) => {
    const by = (requestId: string) => ({ sagaId: play.id, requestId, actor: 'ann', reason: 'so' })
    play.start({ order: 'o-1' })
    play.give({ kind: 'pause', timers: 'hold', ...by('p') })
    play.answer('stock')
    play.give({ kind: 'resume', ...by('r') })
  }),
  forked: golden(order, (play) => {
    play.start({ order: 'o-1' })
    play.answer('stock')
    play.answer('charge')
    play.fork('charge', { order: 'o-2' })
    for (const step of ['ship', 'tell']) play.answer(step)
    play.fork('tell')
  }),
  fork: golden(order, (play) => {
    const origin = { sagaId: sagaId('order-1'), step: 'ship', seq: 9 }
    play.start(
      { order: 'o-1' },
      {
        origin,
        given: [
          { step: 'stock', output: { of: 'stock' } },
          { step: 'charge', output: { of: 'charge' } },
        ],
      },
    )
    play.answer('ship', 'rejected', { code: 'no-carrier', message: 'none goes there' })
  }),
  moved: golden(order, (play) => {
    play.start({ order: 'o-1' })
    play.answer('stock')
    play.move(reordered)
    play.answer('pay', 'rejected')
    play.undone('stock')
  }),
  held: golden(limited, (play) => {
    play.gated = new Set(['shop'])
    play.start({ tenant: 'acme' })
    play.admit()
    play.answer('stock', 'failed')
    play.fire()
    play.admit()
    play.answer('stock')
    play.act('cancel')
    play.admit()
    play.undone('stock')
  }),
  locked: golden(locked, (play) => {
    play.start()
    play.answer('one', 'success', granted('sku:1', 1))
    play.answer('two', 'failed', { code: 'asked-late', message: 'ask again' })
    play.fire()
    play.answer('two', 'success', granted('of:sku:1', 2))
    play.answer('take')
    play.answer('three', 'success', granted('sku:3', 7))
  }),
  'lock-not-granted': golden(locked, (play) => {
    play.start()
    play.answer('one', 'success', granted('sku:1', 1))
    play.answer('two', 'success', granted('of:sku:1', 2))
    play.answer('take')
    play.fire()
    play.undone('take')
  }),
  found: golden(found, (play) => {
    play.start({ customer: 'c-7' })
    play.answer('stock')
  }),
  'found-later': golden(foundLater, (play) => {
    play.start({ customer: 'c-7' })
    play.answer('stock')
    play.signal('word', { is: true })
    play.ask({ kind: 'skip', step: 'ship', output: { of: 'a person' } })
  }),
  yielded: golden(many, (play) => {
    for (play.start(); play.status === 'running'; ) play.fire()
  }),
}
