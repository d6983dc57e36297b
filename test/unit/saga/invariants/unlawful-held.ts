/** Breaches of waiting for a participant: what is held sends nothing, is tried no more and no less, and gives way to nothing. */
import type { SagaEvent } from '../../../../shared/message/events.ts'
import { T0 } from '../../../support/given-when-then.ts'
import { at } from './lawful.ts'
import type { Planted } from './planted.ts'
import * as s from './shapes.ts'

const held = (step: string, more: object = {}): SagaEvent => ({
  type: 'step-held',
  step,
  participant: 'shop',
  ...more,
})
const undoHeld = (step: string): SagaEvent => ({ type: 'compensation-held', step, participant: 'shop' })
const changed = (event: SagaEvent, more: object): SagaEvent => ({ ...event, ...more }) as SagaEvent
const OLD = { timeoutAt: T0 + 9, retryUntil: T0 + 9 }
const again = [s.start, changed(s.ask('a'), OLD), at(T0 + 9, s.lost('a', T0 + 9))]
const forth = [s.start, ...s.did('a', 'b')]

export const HELD: readonly Planted[] = [
  ['a step held before its turn', 'S4', s.graph, [s.start, held('b')]],
  ['a step held that is out', 'S3', s.graph, [s.start, s.ask('a'), held('a')], 'bare'],
  ['a step held twice', 'S3', s.graph, [s.start, held('a'), held('a')], 'bare'],
  ['a step held that is done', 'S3', s.graph, [s.start, ...s.did('a'), held('a')], 'bare'],
  ['a step held in a saga that turns back', 'S3', s.graph, [...forth, s.back(s.cancelled), held('c')], 'bare'],
  [
    'a step held that waits for a person',
    'S3',
    s.graph,
    [s.start, s.ask('a'), s.lost('a', T0), s.stuck('a'), held('a')],
    'bare',
  ],
  ['a child saga held', 'S3', s.family, [s.start, held('kid')]],
  ['an attempt lost by waiting', 'S10', s.graph, [s.start, held('a'), s.ask('a', 2)], 'bare'],
  ['an attempt used by waiting', 'S10', s.graph, [s.start, held('a'), s.ok('a')], 'bare'],
  [
    'a step sent to another than it was held for',
    'S10',
    s.graph,
    [s.start, held('a'), changed(s.ask('a'), { participant: 'bank' })],
    'bare',
  ],
  [
    'a step sent under another key than it was held under',
    'S10',
    s.graph,
    [s.start, held('a', { key: 'one' }), changed(s.ask('a'), { key: 'other' })],
    'bare',
  ],
  ['a time that runs for what was not sent', 'S15', s.graph, [s.start, held('a'), at(T0 + 9, s.lost('a'))], 'bare'],
  [
    'a step held before it is to be tried again',
    'S15',
    s.graph,
    [...again.slice(0, 2), s.lost('a', T0 + 9), held('a')],
  ],
  [
    'an attempt timed out that was over when the next was held',
    'S15',
    s.graph,
    [...again, at(T0 + 9, held('a')), at(T0 + 9, s.lost('a'))],
    'bare',
  ],
  [
    'begun past the age, since it was held so long',
    'S15',
    s.graph,
    [...again, at(T0 + 9, held('a')), at(T0 + 10, changed(s.ask('a', 2), { timeoutAt: T0 + 99, retryUntil: T0 + 9 }))],
    'bare',
  ],
  [
    'given another end by being held',
    'S15',
    s.graph,
    [...again, at(T0 + 9, held('a')), at(T0 + 9, changed(s.ask('a', 2), { timeoutAt: T0 + 99 }))],
    'bare',
  ],
  ['a saga that ends while a step is held', 'S4', s.through, [s.start, held('x'), s.completed]],
  [
    'a step undone that was held, and never sent',
    'S5',
    s.through,
    [s.start, held('x'), s.back(s.cancelled), s.undo('x')],
  ],
  [
    'an undo held of a step that was held, and never sent',
    'S5',
    s.through,
    [s.start, held('x'), s.back(s.cancelled), undoHeld('x')],
  ],
  ['an undo held that nobody asked for', 'S3', s.graph, [...forth, undoHeld('b')], 'bare'],
  ['an undo held before its turn', 'S6', s.graph, [...forth, s.back(s.cancelled), undoHeld('a')]],
  [
    'an undo begun before one that is held',
    'S6',
    s.oneByOne,
    [s.start, ...s.did('a', 'b'), s.back(s.cancelled), undoHeld('b'), s.undo('a')],
  ],
  [
    'a saga undone while an undo is held',
    'S5',
    s.through,
    [s.start, ...s.did('x'), s.back(s.cancelled), undoHeld('x'), s.compensated],
  ],
  [
    'a child saga’s undo held',
    'S3',
    s.family,
    [s.start, s.askKid(), s.ok('kid'), s.back(s.cancelled), undoHeld('kid')],
  ],
  [
    'what was sent before said not to be done, while it is held',
    'S3',
    s.graph,
    [s.start, s.ask('a'), s.lost('a', T0), held('a'), s.skippedNotDone('a')],
    'bare',
  ],
  [
    'a pivot that was sent and is held, turned back',
    'S7',
    s.graph,
    [...forth, ...s.did('c', 'any'), s.ask('pay'), s.lost('pay', T0), held('pay'), s.back(s.cancelled)],
  ],
]
