/**
 * The payload store port as a folder: `<2 digits>/<62 digits>` is a payload, `new/` holds what is being written.
 *
 * A payload is written under a name of its own, synced, and renamed, and then the folder is synced: so it is whole and
 * durable before its id is given out, and a crash half-way leaves only a file in `new/`, which `open` removes once it is old.
 * Names are made of checked ids alone. The folder may be shared by processes, on a file system that shows a file to all
 * of them once it has been renamed.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isPayloadId, type PayloadId } from '../../message/claim.ts'
import { assert, messageOf, OperationalError } from '../../message/errors.ts'
import {
  checkedPayload,
  type FoundPayload,
  type PayloadStore,
  payloadIdOf,
  type StoredPayload,
} from '../../ports/payload-store.ts'

const SHARD_DIGITS = 2
const NEW = 'new'
const SHARD = /^[0-9a-f]{2}$/
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])
/** A file in `new/` that nobody has touched for so long was left by a crash. */
const LEFT_BEHIND_MS = 24 * 3_600_000

export class FolderPayloadStore implements PayloadStore {
  readonly #folder: string
  #ready: Promise<void> | undefined

  /** Nothing is made until something is put. */
  constructor(folder: string) {
    this.#folder = folder
  }

  async put(bytes: Uint8Array): Promise<PayloadId> {
    const id = payloadIdOf(bytes)
    const path = this.#pathOf(id)
    await this.#tried('put', async () => {
      await this.#prepared()
      const written = join(this.#folder, NEW, randomUUID())
      try {
        await writeSynced(written, bytes)
        await makeFolder(dirname(path))
        await rename(written, path)
        await syncFolder(dirname(path))
      } catch (error) {
        await rm(written, { force: true })
        throw error
      }
    })
    return id
  }

  async get(id: PayloadId): Promise<FoundPayload> {
    const bytes = await this.#tried('get', () => unlessMissing(readFile(this.#pathOf(id))))
    return checkedPayload(id, bytes)
  }

  async health(): Promise<void> {
    await this.#tried('look at', () => unlessMissing(readdir(this.#folder)))
  }

  async *list(): AsyncIterable<StoredPayload> {
    const shards = (await this.#tried('list', () => unlessMissing(readdir(this.#folder)))) ?? []
    for (const shard of shards.filter((name) => SHARD.test(name)).sort()) {
      const names = (await this.#tried('list', () => unlessMissing(readdir(join(this.#folder, shard))))) ?? []
      for (const name of names.sort()) {
        const id = shard + name
        const stored = isPayloadId(id) ? await this.#stored(id) : undefined
        if (stored) yield stored
      }
    }
  }

  /** Takes the file away first and looks at its age then: a put that comes meanwhile is seen, or writes a file of its own. */
  async remove(id: PayloadId, putBefore: number): Promise<boolean> {
    const stored = await this.#stored(id)
    if (!stored || stored.storedAt >= putBefore) return false
    return this.#tried('remove', async () => {
      await this.#prepared()
      const taken = join(this.#folder, NEW, randomUUID())
      if ((await unlessMissing(rename(this.#pathOf(id), taken).then(() => true))) === undefined) return false
      const { mtimeMs } = await stat(taken)
      if (mtimeMs >= putBefore) {
        await rename(taken, this.#pathOf(id))
        return false
      }
      await rm(taken)
      return true
    })
  }

  async close(): Promise<void> {}

  #pathOf(id: PayloadId): string {
    assert(isPayloadId(id), 'only a checked id becomes a path')
    return join(this.#folder, id.slice(0, SHARD_DIGITS), id.slice(SHARD_DIGITS))
  }

  async #stored(id: PayloadId): Promise<StoredPayload | undefined> {
    const found = await this.#tried('look at', () => unlessMissing(stat(this.#pathOf(id))))
    return found && { id, bytes: found.size, storedAt: found.mtimeMs }
  }

  /** Makes the folders once; what failed is tried again by the next one who asks. */
  #prepared(): Promise<void> {
    this.#ready ??= this.#prepare().catch((error) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #prepare(): Promise<void> {
    const written = join(this.#folder, NEW)
    await mkdir(written, { recursive: true })
    await syncFolder(this.#folder)
    for (const name of await readdir(written)) {
      const path = join(written, name)
      const found = await unlessMissing(stat(path))
      if (found && found.mtimeMs < Date.now() - LEFT_BEHIND_MS) await rm(path, { force: true })
    }
  }

  async #tried<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const message = `cannot ${what} a payload in ${this.#folder}: ${messageOf(error)}`
      const code = NO_ROOM.has(codeOf(error)) ? 'payload-store-full' : 'payload-store-unavailable'
      throw new OperationalError(code, message, {
        where: 'folder',
        retriable: true,
        cause: error,
      })
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A folder that is new is synced into the one around it. */
async function makeFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) await syncFolder(dirname(path))
}

async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle
  try {
    folder = await open(path, 'r')
  } catch (error) {
    // Windows opens no folder; its renames are durable once they are made.
    if (codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM') return
    throw error
  }
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
