import { expect, test } from 'vitest'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { idempotencyKey, sagaId } from '../../shared/message/ids.ts'
import type { InboxEntry } from '../../shared/ports/inbox.ts'
import { inboxContract } from './inbox-suite.ts'

inboxContract('memory', async () => ({ inbox: new MemoryInbox(), close: async () => {} }))

test('the memory inbox forgets its oldest entries above its limit', async () => {
  const inbox = new MemoryInbox({ entriesMax: 2 })
  for (const saga of ['a', 'b', 'c']) {
    const key = idempotencyKey({ sagaId: sagaId(saga), step: 's', direction: 'forward' })
    const entry: InboxEntry = {
      key,
      outcome: 'success',
      body: 'null',
      errorCode: undefined,
      sagaId: saga,
      commandType: 't',
      handledAt: 1,
    }
    await inbox.transaction((scope) => scope.store([entry]))
  }
  expect(inbox.entries().map((entry) => entry.sagaId)).toEqual(['b', 'c'])
})
