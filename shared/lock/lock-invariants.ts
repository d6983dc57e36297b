/**
 * What holds of every lock, checked on its events alone by rules that share nothing with `decideLock` and `evolveLock`.
 * Tests hold those against them; an auditor runs them over any log.
 */
import type { LockId } from '../message/ids.ts'
import type { Asker, LockEnvelope, LockEvent } from '../message/lock-events.ts'

export interface LockViolation {
  readonly invariant: 'S1' | 'S3' | 'S25'
  readonly message: string
  readonly seq: number
}

/** One lock as its events tell it. */
interface LockBook {
  seq: number
  permits: number
  highest: number
  /** Open asks by `saga/step/attempt`, in order of arrival; the value is the token of one that holds. */
  readonly open: Map<string, { readonly saga: string; token: number | undefined }>
}

type Told = Pick<LockViolation, 'invariant' | 'message'>

/** Reads the events of all locks of a log, each lock's in order. */
export class LockReader {
  readonly #books = new Map<LockId, LockBook>()

  /** Takes the next event of a lock, and says what is wrong with it. */
  read({ lockId, seq, event }: LockEnvelope): readonly LockViolation[] {
    const found: Told[] = []
    const book = this.#bookOf(lockId, seq)
    const gap = seq !== book.seq + 1 && (book.open.size > 0 || seq <= book.seq)
    if (gap) found.push({ invariant: 'S1', message: `seq ${seq} follows ${book.seq}` })
    if (event.type !== 'lock-granted') found.push(...leftWaiting(book))
    found.push(...take(book, event))
    book.seq = seq
    return found.map((told) => ({ ...told, message: `${event.type}: ${told.message}`, seq }))
  }

  /** Whether nobody holds it or waits for it. */
  isFree(id: LockId): boolean {
    return (this.#books.get(id)?.open.size ?? 0) === 0
  }

  /** What is wrong where nothing follows. */
  atEnd(): readonly (LockViolation & { readonly lock: LockId })[] {
    return [...this.#books].flatMap(([lock, book]) =>
      leftWaiting(book).map((told) => ({ ...told, lock, seq: book.seq })),
    )
  }

  /** Who holds a lock or waits for it, at the end of what was read. */
  *open(): Iterable<{ readonly lock: LockId; readonly saga: string; readonly holds: boolean }> {
    for (const [lock, { open }] of this.#books)
      for (const { saga, token } of open.values()) yield { lock, saga, holds: token !== undefined }
  }

  #bookOf(id: LockId, seq: number): LockBook {
    let book = this.#books.get(id)
    if (!book) {
      book = { seq: seq - 1, permits: 0, highest: 0, open: new Map() }
      this.#books.set(id, book)
    }
    return book
  }
}

function keyOf({ saga, step, attempt }: Asker): string {
  return `${saga}/${step}/${attempt}`
}

function holders({ open }: LockBook): Set<string> {
  return new Set([...open.values()].filter(({ token }) => token !== undefined).map(({ saga }) => saga))
}

/** S25: nobody waits while there is room, nor behind what it holds itself. */
function leftWaiting(book: LockBook): Told[] {
  const holding = holders(book)
  const room = holding.size < book.permits
  const left = [...book.open.values()].find(({ saga, token }) => token === undefined && (room || holding.has(saga)))
  return left ? [{ invariant: 'S25', message: `${left.saga} was left waiting, and could hold it` }] : []
}

function take(book: LockBook, event: LockEvent): Told[] {
  switch (event.type) {
    case 'lock-asked':
      return takeAsk(book, event)
    case 'lock-granted':
      return takeGrant(book, event)
    case 'lock-refused':
      return book.open.has(keyOf(event)) ? [{ invariant: 'S3', message: `${keyOf(event)} is in the queue` }] : []
    case 'lock-freed':
      book.open.delete(keyOf(event))
      return []
    case 'lock-left':
    case 'lock-taken-away':
      for (const [key, { saga }] of book.open) if (saga === event.saga) book.open.delete(key)
      return []
  }
}

function takeAsk(book: LockBook, event: Extract<LockEvent, { type: 'lock-asked' }>): Told[] {
  if (book.open.has(keyOf(event))) return [{ invariant: 'S3', message: `${keyOf(event)} asks twice` }]
  const found: Told[] = []
  if (book.open.size > 0 && book.permits !== event.permits)
    found.push({ invariant: 'S3', message: `${event.permits} permits, and others said ${book.permits}` })
  book.permits = event.permits
  book.open.set(keyOf(event), { saga: event.saga, token: undefined })
  return found
}

/** S25: no more hold it than there are permits, whoever asked first is first, and tokens grow. */
function takeGrant(book: LockBook, event: Extract<LockEvent, { type: 'lock-granted' }>): Told[] {
  const { saga, token } = event
  const own = book.open.get(keyOf(event))
  if (!own || own.token !== undefined) return [{ invariant: 'S3', message: `${keyOf(event)} does not wait` }]
  const found: Told[] = []
  const held = [...book.open.values()].find((one) => one.saga === saga && one.token !== undefined)
  if (held) {
    if (held.token !== token)
      found.push({ invariant: 'S25', message: `${saga} holds ${held.token}, and gets ${token}` })
  } else {
    const before = [...book.open.values()].find((one) => one.token === undefined)
    if (holders(book).size >= book.permits)
      found.push({ invariant: 'S25', message: `${saga} is one more than ${book.permits} permits` })
    if (before?.saga !== saga) found.push({ invariant: 'S25', message: `${before?.saga} asked before ${saga}` })
    if (token <= book.highest) found.push({ invariant: 'S25', message: `token ${token} comes after ${book.highest}` })
  }
  own.token = token
  book.highest = Math.max(book.highest, token)
  return found
}
