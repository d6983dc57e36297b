/** Who holds a lock: in order of arrival, as many as there are permits, and never one that will not free it. */
import { describe, expect, test } from 'vitest'
import { decideLock, type LockDecision } from '../../../shared/lock/decide-lock.ts'
import { evolveLock } from '../../../shared/lock/evolve-lock.ts'
import { LockReader } from '../../../shared/lock/lock-invariants.ts'
import {
  ASKS_MAX,
  forgetting,
  freeLock,
  isFree,
  type LockState,
  NOTHING_FORGOTTEN,
  OVER_MAX,
} from '../../../shared/lock/lock-state.ts'
import { lockId, sagaId } from '../../../shared/message/ids.ts'
import type { LockCommand } from '../../../shared/message/lock-command.ts'
import type { LockEvent } from '../../../shared/message/lock-events.ts'

const id = lockId('sku:123')
const to = { lockId: id, requestId: 'r' } as const

function ask(saga: string, { step = 'stock', attempt = 1, permits = 1, askedAt = 1_000 } = {}): LockCommand {
  return { kind: 'ask', ...to, asker: { saga: sagaId(saga), step, attempt }, permits, askedAt }
}

function free(saga: string, { step = 'stock', attempt = 1, askedAt = 2_000 } = {}): LockCommand {
  return { kind: 'free', ...to, asker: { saga: sagaId(saga), step, attempt }, askedAt }
}

const leave = (saga: string): LockCommand => ({ kind: 'leave', ...to, saga: sagaId(saga), askedAt: 2_000 })
const takeAway = (saga: string, requestId = 'p-1'): LockCommand => {
  return { kind: 'take-away', ...to, requestId, saga: sagaId(saga), actor: 'ann', reason: 'it hangs' }
}

/** A lock to which things are said; each decision is folded, and held against the invariants. */
function lock(from: LockState = freeLock(id, NOTHING_FORGOTTEN)) {
  let state = from
  const reader = new LockReader()
  const say = (command: LockCommand): LockDecision => {
    const decision = decideLock(state, command)
    for (const event of decision.kind === 'events' ? decision.events : []) {
      const envelope = { lockId: id, seq: state.seq + 1, at: 5_000, causationId: 'c', event }
      state = evolveLock(state, envelope)
      expect(reader.read(envelope)).toEqual([])
    }
    return decision
  }
  return {
    say,
    /** What was told of whom: `granted b 2`. */
    tell: (command: LockCommand): readonly string[] => {
      const decision = say(command)
      return decision.kind === 'events' ? decision.events.map(inWords) : [decision.reason]
    },
    get state() {
      return state
    },
  }
}

function inWords(event: LockEvent): string {
  const what = event.type.slice('lock-'.length)
  if (event.type === 'lock-granted') return `${what} ${event.saga} ${event.token}`
  return event.type === 'lock-refused' ? `${what} ${event.saga} ${event.code}` : `${what} ${event.saga}`
}

describe('a lock', () => {
  test('is granted at once when it is free, and to the next in order of arrival when it is freed', () => {
    const { tell } = lock()
    expect(tell(ask('a'))).toEqual(['asked a', 'granted a 1'])
    expect(tell(ask('b'))).toEqual(['asked b'])
    expect(tell(ask('c'))).toEqual(['asked c'])
    expect(tell(free('a'))).toEqual(['freed a', 'granted b 2'])
    expect(tell(free('c'))).toEqual(['freed c'])
    expect(tell(free('b'))).toEqual(['freed b'])
  })

  test('lets in as many sagas as it has permits', () => {
    const { tell } = lock()
    const [first, second, third] = ['a', 'b', 'c'].map((saga) => tell(ask(saga, { permits: 2 })))
    expect([first, second, third]).toEqual([['asked a', 'granted a 1'], ['asked b', 'granted b 2'], ['asked c']])
    expect(tell(leave('b'))).toEqual(['left b', 'granted c 3'])
  })

  test('is granted again under the same token to the saga that holds it, past all that wait, and is freed with its last ask', () => {
    const { tell } = lock()
    tell(ask('a'))
    tell(ask('b'))
    expect(tell(ask('a', { step: 'again' }))).toEqual(['asked a', 'granted a 1'])
    expect(tell(free('a'))).toEqual(['freed a'])
    expect(tell(free('a', { step: 'again' }))).toEqual(['freed a', 'granted b 2'])
  })

  test('grants both asks of a saga that waits with two, as one', () => {
    const { tell } = lock()
    tell(ask('a'))
    tell(ask('b'))
    tell(ask('c'))
    tell(ask('b', { step: 'again' }))
    expect(tell(leave('a'))).toEqual(['left a', 'granted b 2', 'granted b 2'])
  })

  test('takes an ask that comes again for the same, and never one that is over', () => {
    const { tell } = lock()
    tell(ask('a'))
    expect(tell(ask('a'))).toEqual(['duplicate-ask'])
    tell(free('a'))
    expect(tell(ask('a'))).toEqual(['ask-over'])
    expect(tell(free('a'))).toEqual(['ask-over'])
    expect(tell(ask('a', { attempt: 2 }))).toEqual(['asked a', 'granted a 2'])
    tell(leave('a'))
    expect(tell(ask('a', { attempt: 3 }))).toEqual(['ask-over'])
    expect(tell(leave('a'))).toEqual(['ask-over'])
  })

  test('does not grant what was freed before it came, nor what it has refused', () => {
    const { tell } = lock()
    expect(tell(free('a'))).toEqual(['freed a'])
    expect(tell(ask('a'))).toEqual(['ask-over'])
    tell(ask('b'))
    expect(tell(ask('c', { permits: 2 }))).toEqual(['refused c permits-differ'])
    tell(free('b'))
    expect(tell(ask('c', { permits: 2 }))).toEqual(['ask-over'])
  })

  test('has another number of permits when nobody holds it or waits', () => {
    const { tell, state } = lock()
    expect(state.permits).toBe(0)
    tell(ask('a'))
    tell(free('a'))
    expect(tell(ask('b', { permits: 3 }))).toEqual(['asked b', 'granted b 2'])
  })

  test('takes so many asks, and no more', () => {
    const { tell, say } = lock()
    for (let i = 0; i < ASKS_MAX; i++) say(ask(`s-${i}`))
    expect(tell(ask('one-more'))).toEqual(['refused one-more lock-full'])
  })

  test('can be taken away by a person, once for each request, from who holds it or waits', () => {
    const { tell } = lock()
    tell(ask('a'))
    tell(ask('b'))
    expect(tell(takeAway('a'))).toEqual(['taken-away a', 'granted b 2'])
    expect(tell(ask('a', { attempt: 2 }))).toEqual(['asked a'])
    expect(tell(takeAway('a'))).toEqual(['duplicate-request'])
    expect(tell(free('a'))).toEqual(['ask-over'])
    expect(tell(takeAway('nobody', 'p-2'))).toEqual(['not-held'])
  })
})

describe('of what is over', () => {
  test('the newest is remembered one by one, and of the rest until when it was asked: an old ask is told to ask again', () => {
    const { tell, say } = lock()
    for (let i = 0; i <= OVER_MAX; i++) {
      say(ask(`s-${i}`, { askedAt: 1_000 + i }))
      say(free(`s-${i}`))
    }
    expect(tell(ask('s-1', { askedAt: 1_001 }))).toEqual(['ask-over'])
    expect(tell(ask('s-0', { askedAt: 1_000 }))).toEqual(['refused s-0 asked-late'])
    expect(tell(ask('fresh', { askedAt: 1_001 }))).toEqual(['asked fresh', `granted fresh ${OVER_MAX + 2}`])
  })

  test('what must outlive it is kept when the lock is forgotten: no token comes twice, no old ask is granted', () => {
    const first = lock()
    first.tell(ask('a', { askedAt: 3_000 }))
    first.tell(free('a'))
    expect(isFree(first.state)).toBe(true)
    const again = lock(freeLock(id, forgetting(NOTHING_FORGOTTEN, first.state)))
    expect(again.tell(ask('a', { askedAt: 3_000 }))).toEqual(['refused a asked-late'])
    expect(again.tell(ask('b', { askedAt: 3_001 }))).toEqual(['asked b', 'granted b 2'])
    expect(again.state.seq).toBeGreaterThan(first.state.seq)
  })
})

describe('the invariants of locks', () => {
  const asker = (saga: string) => ({ saga: sagaId(saga), step: 'stock', attempt: 1 })
  const found = (...events: readonly LockEvent[]): string[] => {
    const reader = new LockReader()
    const each = events.flatMap((event, i) =>
      reader.read({ lockId: id, seq: i + 1, at: 0, causationId: 'c', event }).map(({ invariant }) => invariant),
    )
    return [...each, ...reader.atEnd().map(({ invariant }) => invariant)]
  }
  const asked = (saga: string, permits = 1): LockEvent => {
    return { type: 'lock-asked', ...asker(saga), permits, askedAt: 0 }
  }
  const granted = (saga: string, token: number): LockEvent => ({ type: 'lock-granted', ...asker(saga), token })
  const freed = (saga: string): LockEvent => ({ type: 'lock-freed', ...asker(saga), askedAt: 0 })

  test.each<[string, string[], LockEvent[]]>([
    ['a lawful life', [], [asked('a'), granted('a', 1), asked('b'), freed('a'), granted('b', 2), freed('b')]],
    ['two holders of one permit', ['S25'], [asked('a'), granted('a', 1), asked('b'), granted('b', 2)]],
    [
      'somebody is passed',
      ['S25'],
      [asked('a'), granted('a', 1), asked('b'), asked('c'), freed('a'), granted('c', 2), freed('c'), granted('b', 3)],
    ],
    ['a token that does not grow', ['S25'], [asked('a'), granted('a', 2), freed('a'), asked('b'), granted('b', 2)]],
    ['somebody is left waiting', ['S25'], [asked('a')]],
    ['a grant to nobody', ['S3'], [granted('a', 1)]],
    ['the same ask twice', ['S3'], [asked('a'), granted('a', 1), asked('a')]],
    ['permits that differ', ['S3', 'S25'], [asked('a'), granted('a', 1), asked('b', 2)]],
  ])('tell of %s', (_what, invariants, events) => {
    expect(found(...events)).toEqual(invariants)
  })

  test('tell of a gap, but for one where nothing was held', () => {
    const reader = new LockReader()
    const at = (seq: number, event: LockEvent) =>
      reader.read({ lockId: id, seq, at: 0, causationId: 'c', event }).map(({ invariant }) => invariant)
    expect([at(1, asked('a')), at(2, granted('a', 1)), at(4, freed('a'))]).toEqual([[], [], ['S1']])
    expect([at(9, asked('b')), at(9, granted('b', 2))]).toEqual([[], ['S1']])
  })
})
