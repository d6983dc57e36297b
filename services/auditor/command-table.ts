/**
 * Commands by the hash of their ids: some 40 bytes each, however long they are, since three million of them come with ten
 * million events. Two of those have one hash in one audit of two thousand.
 */
const SIZE_MIN = 1_024
/** Share of the places that are taken when it grows. */
const LOAD_MAX = 0.7
const SENDS_MAX = 255

/** Whether the log says of a command that it is sent. */
const DUE = 1

/** Where a command stands in the table, until the next one is put in. */
export type Place = number

export class CommandTable {
  /** 0: free. */
  #ids = new Float64Array(SIZE_MIN)
  #contents = new Float64Array(SIZE_MIN)
  #participants = new Uint16Array(SIZE_MIN)
  #due = new Uint8Array(SIZE_MIN)
  #sends = new Uint8Array(SIZE_MIN)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Where the command with that hash is, if it is there. */
  find(id: number): Place | undefined {
    const place = this.#placeOf(id)
    return this.#ids[place] === 0 ? undefined : place
  }

  /** Puts a command in, or anew. */
  put(id: number, content: number, participant: number): void {
    if (this.#size >= this.#ids.length * LOAD_MAX) this.#grow()
    const place = this.#placeOf(id)
    if (this.#ids[place] === 0) this.#size++
    this.#set(place, { id, content, participant, due: 0, sends: 0 })
  }

  isLike(place: Place, content: number, participant: number): boolean {
    return this.#contents[place] === content && this.#participants[place] === participant
  }

  /** The log says that the command is sent. */
  setDue(id: number): void {
    this.#due[this.#placeOf(id)] = DUE
  }

  countSend(place: Place): void {
    this.#sends[place] = Math.min(SENDS_MAX, (this.#sends[place] ?? 0) + 1)
  }

  /** Hashes of the ids of a participant's commands that are said to be sent, and were not. */
  *unsent(participant: number): Generator<number> {
    for (let place = 0; place < this.#ids.length; place++) {
      if (this.#participants[place] !== participant || this.#due[place] !== DUE || this.#sends[place] !== 0) continue
      yield this.#ids[place] ?? 0
    }
  }

  #placeOf(id: number): Place {
    let place = id % this.#ids.length
    while (this.#ids[place] !== 0 && this.#ids[place] !== id) place = (place + 1) % this.#ids.length
    return place
  }

  #set(place: Place, { id, content, participant, due, sends }: Entry): void {
    this.#ids[place] = id
    this.#contents[place] = content
    this.#participants[place] = participant
    this.#due[place] = due
    this.#sends[place] = sends
  }

  #grow(): void {
    const [ids, contents, participants] = [this.#ids, this.#contents, this.#participants]
    const [due, sends] = [this.#due, this.#sends]
    const length = ids.length * 2
    this.#ids = new Float64Array(length)
    this.#contents = new Float64Array(length)
    this.#participants = new Uint16Array(length)
    this.#due = new Uint8Array(length)
    this.#sends = new Uint8Array(length)
    ids.forEach((id, old) => {
      if (id === 0) return
      const entry = { id, content: contents[old] ?? 0, participant: participants[old] ?? 0 }
      this.#set(this.#placeOf(id), { ...entry, due: due[old] ?? 0, sends: sends[old] ?? 0 })
    })
  }
}

interface Entry {
  readonly id: number
  readonly content: number
  readonly participant: number
  readonly due: number
  readonly sends: number
}
