/** Bugs of what carries decisions out: the owner's loop, the log, participants and projectors. */
import type { Bug } from '../bug.ts'

const OWN_LOG = 'shared/runtime/own-log.ts'
const OWNER = 'shared/runtime/owner.ts'
const REPLAY = 'shared/runtime/log-replay.ts'
const VERDICT = 'shared/participant/inbox-verdict.ts'
const FOLD = 'services/projector/fold-chunk.ts'
const STORE = 'test/simulation/actors/view-store.ts'

export const SHELL_BUGS: readonly Bug[] = [
  {
    name: 'batch-accepted-by-place',
    does: 'accepts a batch for where it stands, whatever its number',
    patches: [
      {
        file: 'shared/message/batch.ts',
        text: 'const accepted = header.number === this.#nextNumber',
        instead: 'const accepted = header.number > 0',
      },
    ],
  },
  {
    name: 'sent-before-confirmed',
    does: 'sends the effects of a batch before it stands in the log',
    patches: [
      {
        file: OWNER,
        text: 'this.#appending = true\n',
        instead:
          'this.#appending = true\n    for (const effect of turn.effects)\n      this.#ports.sender.send({ ...effectRecord(effect, this.#ports), sent: () => {} })\n',
      },
    ],
  },
  {
    name: 'unclear-append-kept',
    does: 'goes on with its state when nobody knows whether a batch has landed',
    patches: [
      {
        file: OWN_LOG,
        text: 'error: result?.error.message })\n      return false',
        instead:
          'error: result?.error.message })\n      this.#replay.nextOffset = expected + BigInt(records.length)\n      return true',
      },
    ],
  },
  {
    name: 'claim-not-confirmed',
    does: 'goes on after a claim that nobody has confirmed',
    patches: [
      {
        file: OWN_LOG,
        text: 'return this.#appendOwn(lastNumber + 1, sentThrough, [this.#emptyBatch(lastNumber + 1, sentThrough)])',
        instead: `const offset = this.#replay.nextOffset
    await this.#append([this.#emptyBatch(lastNumber + 1, sentThrough)])
    this.#number = lastNumber + 1
    this.#standing = { number: this.#number, offset, next: this.#replay.nextOffset, owner: this.#ports.ownerId }
    return true`,
      },
    ],
  },
  {
    name: 'landed-elsewhere-kept',
    does: 'does not look where a batch has landed',
    patches: [{ file: OWN_LOG, text: 'if (result.baseOffset !== expected) return false', instead: '' }],
  },
  {
    name: 'nothing-sent-again',
    does: 'sends nothing again after a take-over',
    patches: [{ file: OWNER, text: 'for (const batch of unsent) this.#sendAll(batch)', instead: '' }],
  },
  {
    name: 'mark-of-sending-too-far',
    does: 'says that effects are sent which are still on their way',
    patches: [
      {
        file: 'shared/runtime/sent-mark.ts',
        text: 'return oldest.done ? this.#confirmed : oldest.value - 1',
        instead: 'return oldest.done ? this.#confirmed : this.#confirmed',
      },
    ],
  },
  {
    name: 'unclear-send-forgotten',
    does: 'takes a command for sent when nobody knows whether it is',
    patches: [
      {
        file: 'shared/runtime/effect-sender.ts',
        text: "if (result?.kind !== 'appended') {",
        instead: "if (result?.kind === 'refused') {",
      },
    ],
  },
  {
    name: 'timer-lost-at-take-over',
    does: 'does not know when sagas are due that it has read from the log',
    patches: [
      {
        file: 'shared/runtime/partition-state.ts',
        text: 'format }, record)))\n      this.note(envelope, after)',
        instead: 'format }, record)))\n      this.due.set(id, undefined)\n      this.note(envelope, after)',
      },
    ],
  },
  {
    name: 'batch-left-out-at-take-over',
    does: 'folds all batches of the log but every seventh',
    patches: [
      {
        file: REPLAY,
        text: 'this.state.replay(batch)',
        instead: 'if (batch.header.number % 7 !== 0) this.state.replay(batch)',
      },
    ],
  },
  {
    name: 'snapshot-off-by-one',
    does: 'takes the batch after a snapshot to be in it',
    patches: [
      {
        file: REPLAY,
        text: 'if (!standing || header.number > standing.number) return false',
        instead:
          'if (!standing || header.number > standing.number + 1) return false\n    if (header.number > standing.number) return true',
      },
    ],
  },
  {
    name: 'snapshot-folded-again',
    does: 'folds the last batch of a snapshot again',
    patches: [
      {
        file: REPLAY,
        text: 'this.#isProved = true\n    return true',
        instead: 'this.#isProved = true\n    return false',
      },
    ],
  },
  {
    name: 'snapshot-lacks-entries',
    does: 'leaves every fifth entry of a snapshot out',
    patches: [
      {
        file: 'shared/runtime/snapshot/snapshot-text.ts',
        text: 'for (const [i, key] of keys.entries()) yield* entryLines',
        instead: 'for (const [i, key] of keys.entries()) if (i % 5 !== 4) yield* entryLines',
      },
    ],
  },
  {
    name: 'mark-past-an-undecided-input',
    does: 'begins one record past the mark',
    patches: [
      {
        file: 'shared/runtime/input-gate.ts',
        text: 'member.open(topics[source], partition, marks[source])',
        instead: 'member.open(topics[source], partition, marks[source] > 0n ? marks[source] + 1n : 0n)',
      },
    ],
  },
  {
    name: 'dead-letter-lost',
    does: 'does not keep what it cannot use',
    patches: [
      {
        file: 'shared/runtime/dead-letters.ts',
        text: 'if (dead.length === 0) return',
        instead: 'if (dead.length >= 0) return',
      },
    ],
  },
  {
    name: 'inbox-not-asked',
    does: 'carries a command out again when it is delivered again',
    patches: [
      {
        file: VERDICT,
        text: 'if (own) return own.outcome',
        instead: "if (own?.outcome === 'tombstone') return own.outcome",
      },
      {
        file: 'shared/participant/turn.ts',
        text: 'if (this.#added.length > 0) await this.#scope.store(this.#added)',
        instead:
          'const fresh = this.#added.filter(({ key }) => !this.#known.has(key))\n    if (fresh.length > 0) await this.#scope.store(fresh)',
      },
    ],
  },
  {
    name: 'tombstone-lost',
    does: 'does not remember an undo that came before its do',
    patches: [
      {
        file: VERDICT,
        text: "if (!forward) return { kind: 'tombstone' }",
        instead: "if (!forward) return answer('nothing-to-undo', DONE)",
      },
    ],
  },
  {
    name: 'answer-before-it-is-kept',
    does: 'moves its checkpoint before the answer stands in the log',
    patches: [
      {
        file: 'shared/participant/publisher.ts',
        text: "if (result?.kind === 'appended') {",
        instead: 'if (result) {',
      },
    ],
  },
  {
    name: 'events-skipped-by-the-projector',
    does: 'leaves the last batch of a chunk out of the views',
    patches: [
      { file: FOLD, text: 'foldBatches(projection, fresh, {', instead: 'foldBatches(projection, fresh.slice(0, 3), {' },
    ],
  },
  {
    name: 'events-taken-twice-by-the-projector',
    does: 'takes the last batch of a chunk two times',
    patches: [
      {
        file: FOLD,
        text: 'foldBatches(projection, fresh, {',
        instead: 'foldBatches(projection, [...fresh, ...fresh.slice(-1)], {',
      },
    ],
  },
  {
    name: 'checkpoint-outside-the-transaction',
    does: 'moves the checkpoint of the views when the rows are refused',
    patches: [
      {
        file: STORE,
        text: "situations.came('beforeCommit')",
        instead: 'for (const { to } of moves) this.#checkpoints.set([to.partition, to.projection].join("/"), to)',
      },
    ],
  },
  {
    name: 'checkpoint-not-compared',
    does: 'writes rows of a projector that another one has overtaken',
    patches: [{ file: STORE, text: 'if (isMoved) {', instead: 'if (isMoved && moves.length > 99) {' }],
  },
  {
    name: 'kept-answered-as-failed',
    does: 'says that a command failed because of the rows that another process has kept for it',
    patches: [
      {
        file: 'shared/participant/performer.ts',
        text: "if (verdict.kind !== 'answer') return",
        instead: 'if (verdict.kind) return',
      },
    ],
  },
]
