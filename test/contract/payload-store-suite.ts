/** The contract of the payload store port: one suite that every adapter passes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PayloadId } from '../../shared/message/claim.ts'
import { type PayloadStore, payloadIdOf } from '../../shared/ports/payload-store.ts'

export interface OpenedPayloads {
  readonly store: PayloadStore
  /** Opens the same payloads once more; left out where nothing outlives a store. */
  readonly reopen?: () => PayloadStore
  /** Puts other bytes where the payload's are. */
  damage(id: PayloadId): Promise<void>
  /** Removes what `open` made, after the suite has closed the stores. */
  close(): Promise<void>
}

const FAR_FUTURE = 8_000_000_000_000

let payloads = 0
/** Bytes that no other test has put. */
function fresh(length = 64): Uint8Array {
  const text = `payload ${process.pid} ${++payloads} `
  return Buffer.from(text.padEnd(length, 'ä€𝄞'))
}

async function listed(store: PayloadStore): Promise<PayloadId[]> {
  const ids: PayloadId[] = []
  for await (const { id } of store.list()) ids.push(id)
  return ids
}

export function payloadStoreContract(name: string, open: () => Promise<OpenedPayloads>): void {
  describe(`the payload store port on ${name}`, () => {
    let opened: OpenedPayloads
    let store: PayloadStore

    beforeAll(async () => {
      opened = await open()
      store = opened.store
    })
    afterAll(async () => {
      await store.close()
      await opened.close()
    })

    test('is well, and empty, before anything is put', async () => {
      await store.health()
      expect(await listed(store)).toEqual([])
      expect(await store.get(payloadIdOf(fresh()))).toEqual({ kind: 'missing' })
      expect(await store.remove(payloadIdOf(fresh()), FAR_FUTURE)).toBe(false)
    })

    test.each([1, 64, 100_000, 5_000_000])(
      'gives back the %d bytes that were put, under their hash',
      async (length) => {
        const bytes = fresh(length)
        const id = await store.put(bytes)
        expect(id).toBe(payloadIdOf(bytes))
        const found = await store.get(id)
        expect(found.kind).toBe('found')
        expect(found.kind === 'found' && Buffer.compare(found.bytes, bytes)).toBe(0)
      },
    )

    test('keeps the same content once, whoever puts it, also at the same time', async () => {
      const bytes = fresh()
      const ids = await Promise.all(Array.from({ length: 8 }, () => store.put(bytes)))
      expect(new Set([...ids, await store.put(bytes)]).size).toBe(1)
      const kept = (await listed(store)).filter((id) => id === ids[0])
      expect(kept).toHaveLength(1)
    })

    test('keeps its own bytes: what the caller does with theirs changes nothing', async () => {
      const bytes = fresh()
      const id = await store.put(bytes)
      bytes.fill(0)
      expect((await store.get(id)).kind).toBe('found')
    })

    test('tells what is not what its id says', async () => {
      const id = await store.put(fresh())
      await opened.damage(id)
      expect(await store.get(id)).toEqual({ kind: 'damaged' })
    })

    test('lists what is kept, with its size, and removes it when it is old enough', async () => {
      const began = Date.now()
      const id = await store.put(fresh(500))
      const found: unknown[] = []
      for await (const one of store.list()) if (one.id === id) found.push(one)
      expect(found).toEqual([{ id, bytes: fresh(500).length, storedAt: expect.any(Number) }])
      expect(await store.remove(id, began - 60_000)).toBe(false)
      expect((await store.get(id)).kind).toBe('found')
      expect(await store.remove(id, FAR_FUTURE)).toBe(true)
      expect(await store.get(id)).toEqual({ kind: 'missing' })
      expect(await store.remove(id, FAR_FUTURE)).toBe(false)
    })

    test('makes a payload young again that is put again', async () => {
      const bytes = fresh()
      const id = await store.put(bytes)
      const old = await ageOf(store, id)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await store.put(bytes)
      expect(await ageOf(store, id)).toBeGreaterThan(old)
      expect(await store.remove(id, old + 1)).toBe(false)
    })

    test('has everything once it is opened anew', async () => {
      if (!opened.reopen) return
      const bytes = fresh()
      const id = await store.put(bytes)
      await store.close()
      store = opened.reopen()
      expect((await store.get(id)).kind).toBe('found')
    })
  })
}

async function ageOf(store: PayloadStore, id: PayloadId): Promise<number> {
  for await (const one of store.list()) if (one.id === id) return one.storedAt
  throw new Error(`${id} is not listed`)
}
