/** What every inbox adapter must do (S8). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OperationalError } from '../../shared/message/errors.ts'
import { type IdempotencyKey, idempotencyKey, sagaId } from '../../shared/message/ids.ts'
import type { Inbox, InboxEntry } from '../../shared/ports/inbox.ts'

export interface OpenInbox<Tx> {
  readonly inbox: Inbox<Tx>
  /** Handlers' own rows, where the inbox has a transaction for them. */
  readonly rows?: { write(tx: Tx, text: string): Promise<void>; all(): Promise<readonly string[]> }
  close(): Promise<void>
}

function entry(saga: string, more: Partial<InboxEntry> = {}): InboxEntry {
  const key = idempotencyKey({ sagaId: sagaId(saga), step: 'charge', direction: 'forward' })
  const base = { key, outcome: 'success', body: '{"chargeId":"ch-1"}', errorCode: undefined } as const
  return { ...base, sagaId: saga, commandType: 'payment.charge.v1', handledAt: 1_700_000_000_123, ...more }
}

function find<Tx>(inbox: Inbox<Tx>, keys: readonly IdempotencyKey[]): Promise<ReadonlyMap<string, InboxEntry>> {
  return inbox.transaction((scope) => scope.find(keys))
}

function store<Tx>(inbox: Inbox<Tx>, entries: readonly InboxEntry[]): Promise<void> {
  return inbox.transaction((scope) => scope.store(entries))
}

export function inboxContract<Tx>(name: string, open: () => Promise<OpenInbox<Tx>>): void {
  describe(`inbox: ${name}`, () => {
    let opened: OpenInbox<Tx>
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.close())

    test('finds what was stored, as it was stored, and nothing else', async () => {
      const entries = [
        entry('a'),
        entry('b', { outcome: 'rejected', body: '{"code":"nö 💳"}', errorCode: 'nö' }),
        entry('c', { outcome: 'tombstone', body: '' }),
      ]
      await store(opened.inbox, entries)
      const keys = [...entries, entry('d')].map(({ key }) => key)
      expect([...(await find(opened.inbox, keys)).values()].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(entries)
    })

    test('finds nothing among no keys, and stores nothing of no entries', async () => {
      await store(opened.inbox, [])
      expect((await find(opened.inbox, [])).size).toBe(0)
    })

    test('shows a transaction its own entries', async () => {
      const found = await opened.inbox.transaction(async (scope) => {
        await scope.store([entry('a')])
        return scope.find([entry('a').key])
      })
      expect([...found.values()]).toEqual([entry('a')])
    })

    test('keeps nothing of work that throws, and throws what it threw', async () => {
      const thrown = new Error('broken')
      const work = opened.inbox.transaction(async (scope) => {
        await scope.store([entry('a')])
        await opened.rows?.write(scope.tx, 'lost')
        throw thrown
      })
      await expect(work).rejects.toBe(thrown)
      expect((await find(opened.inbox, [entry('a').key])).size).toBe(0)
      expect(await opened.rows?.all()).toEqual(opened.rows && [])
    })

    test('refuses a key that is taken, and keeps nothing of that transaction', async () => {
      await store(opened.inbox, [entry('a')])
      const work = opened.inbox.transaction(async (scope) => {
        await opened.rows?.write(scope.tx, 'lost')
        await scope.store([entry('b'), entry('a', { body: '"other"' })])
      })
      await expect(work).rejects.toMatchObject({ name: 'OperationalError', code: 'inbox-conflict', retriable: true })
      const found = await find(opened.inbox, [entry('a').key, entry('b').key])
      expect([...found.values()]).toEqual([entry('a')])
      expect(await opened.rows?.all()).toEqual(opened.rows && [])
    })

    test('lets one of many transactions have a key', async () => {
      const works = Array.from({ length: 5 }, (_, index) =>
        opened.inbox.transaction(async (scope) => {
          if ((await scope.find([entry('a').key])).size > 0) throw new Error('was there already')
          await opened.rows?.write(scope.tx, `row ${index}`)
          await scope.store([entry('a')])
        }),
      )
      const ends = await Promise.allSettled(works)
      expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
      const isTrouble = (error: unknown) =>
        (error instanceof OperationalError && error.retriable) || String(error) === 'Error: was there already'
      for (const end of ends) if (end.status === 'rejected') expect(isTrouble(end.reason)).toBe(true)
      expect((await opened.rows?.all())?.length).toBe(opened.rows && 1)
    })

    test('forgets what is old, oldest first, as many as it is told and no more', async () => {
      const ages = [5, 1, 4, 2, 3, 6]
      const entries = ages.map((handledAt) => entry(`s${handledAt}`, { handledAt }))
      await store(opened.inbox, entries)
      const left = async () => {
        const keys = entries.map(({ key }) => key)
        return [...(await find(opened.inbox, keys)).values()].map(({ handledAt }) => handledAt).sort()
      }
      expect(await opened.inbox.forget(1, 10)).toBe(0)
      expect(await left()).toEqual([1, 2, 3, 4, 5, 6])
      expect(await opened.inbox.forget(5, 3)).toBe(3)
      expect(await left()).toEqual([4, 5, 6])
      expect(await opened.inbox.forget(5, 3)).toBe(1)
      expect(await left()).toEqual([5, 6])
      expect(await opened.inbox.forget(5, 3)).toBe(0)
    })

    test('lets a key be stored again once it was forgotten', async () => {
      await store(opened.inbox, [entry('a', { handledAt: 1 })])
      await opened.inbox.forget(2, 10)
      await store(opened.inbox, [entry('a', { handledAt: 3 })])
      expect((await find(opened.inbox, [entry('a').key])).get(entry('a').key)?.handledAt).toBe(3)
    })

    test('takes more keys than fit into one statement', async () => {
      const entries = Array.from({ length: 2_345 }, (_, index) => entry(`s${index}`))
      await store(opened.inbox, entries)
      expect(
        (
          await find(
            opened.inbox,
            entries.map(({ key }) => key),
          )
        ).size,
      ).toBe(2_345)
    })
  })
}
