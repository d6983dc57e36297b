/** Breaches of the times of an attempt, and of the end of its budget. */
import type { SagaEvent } from '../../../../shared/message/events.ts'
import { T0 } from '../../../support/given-when-then.ts'
import { at } from './lawful.ts'
import type { Planted } from './planted.ts'
import * as s from './shapes.ts'

type Times = Readonly<Record<string, number>>

const asked = (times: Times, attempt = 1): SagaEvent => ({ ...s.ask('a', attempt), ...times }) as SagaEvent
const over = (code: string, retryAt: number | null = null): SagaEvent => {
  const error = { ...s.LOST, code }
  return { type: 'step-failed', step: 'a', attempt: 1, error, retryAt }
}
const heard = (times: Times): SagaEvent => {
  return { type: 'step-progressed', step: 'a', timeoutAt: T0 + 99, payload: null, ...times }
}
const breach = (what: string, ...events: Planted[3]): Planted => [what, 'S15', s.graph, [s.start, ...events], 'bare']

const END = { timeoutAt: T0 + 9, giveUpAt: T0 + 9 }
const OLD = { timeoutAt: T0 + 9, retryUntil: T0 + 9 }
const LATE = { timeoutAt: T0 + 99 }

export const TIMES: readonly Planted[] = [
  breach('not taken up too soon', asked({ ...LATE, takeUpAt: T0 + 9 }), at(T0 + 8, over('not-taken-up', T0 + 20))),
  breach('not taken up, and nothing said of it', asked(LATE), at(T0 + 99, over('not-taken-up', T0 + 100))),
  breach(
    'not taken up, and progress was heard',
    asked({ ...LATE, takeUpAt: T0 + 9 }),
    heard({}),
    at(T0 + 20, over('not-taken-up', T0 + 30)),
  ),
  breach('no progress too soon', asked(LATE), heard({ progressAt: T0 + 9 }), at(T0 + 8, over('no-progress', T0 + 20))),
  breach('no progress, and none was heard', asked(LATE), at(T0 + 99, over('no-progress', T0 + 100))),
  breach('all time over too soon', asked(END), at(T0 + 8, over('total-timeout'))),
  breach('all time over, and tried again', asked(END), at(T0 + 9, over('total-timeout', T0 + 9))),
  breach('an attempt that lasts longer than all', asked({ timeoutAt: T0 + 10, giveUpAt: T0 + 9 })),
  breach('tried again when all time is over', asked(END), s.lost('a', T0 + 9)),
  breach('tried again past the age', asked(OLD), at(T0 + 9, s.lost('a', T0 + 10))),
  breach('begun past the age', asked(OLD), at(T0 + 9, s.lost('a', T0 + 9)), at(T0 + 10, asked({ ...LATE, ...OLD }, 2))),
  breach('begun with another end', asked(OLD), at(T0 + 9, s.lost('a', T0 + 9)), at(T0 + 9, asked(LATE, 2))),
  breach('given up between two attempts in time', asked(OLD), at(T0 + 9, s.lost('a', T0 + 9)), at(T0 + 9, s.lost('a'))),
]
