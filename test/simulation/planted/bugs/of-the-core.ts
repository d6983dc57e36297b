/** Bugs of the core: what is decided, and what is folded. */
import type { Bug } from '../bug.ts'

const BACKWARD = 'shared/saga/backward.ts'
const FORWARD = 'shared/saga/forward.ts'
const REPLIES = 'shared/saga/replies.ts'
const TIMERS = 'shared/saga/timers.ts'

export const CORE_BUGS: readonly Bug[] = [
  {
    name: 'undo-in-forward-order',
    does: 'undoes along the graph, not against it',
    patches: [
      {
        file: BACKWARD,
        text: 'dependsOn(plan, other.name, step.name)',
        instead: 'dependsOn(plan, step.name, other.name)',
      },
    ],
  },
  {
    name: 'unknown-outcome-forgotten',
    does: 'does not undo a step that was given up, and may have been done',
    patches: [{ file: BACKWARD, text: "  'given-up',\n  'undoing',", instead: "  'undoing'," }],
  },
  {
    name: 'undo-of-a-refused-step',
    does: 'undoes what was refused',
    patches: [
      { file: BACKWARD, text: "  'given-up',\n  'undoing',", instead: "  'given-up',\n  'rejected',\n  'undoing'," },
      {
        file: BACKWARD,
        text: "if (known.status === 'succeeded' || known.status === 'given-up')",
        instead: "if (known.status === 'succeeded' || known.status === 'given-up' || known.status === 'rejected')",
      },
    ],
  },
  {
    name: 'undo-skipped',
    does: 'takes every second step to need no undo',
    patches: [
      {
        file: BACKWARD,
        text: 'return !undoable || !MAY_BE_DONE',
        instead: "return !undoable || known.name.endsWith('1') || !MAY_BE_DONE",
      },
    ],
  },
  {
    name: 'undo-given-up-in-silence',
    does: 'calls nobody when an undo has failed for good',
    patches: [
      {
        file: REPLIES,
        text: "story.tell({ type: 'compensation-failed', step: path, attempt: known.attempt, error, retryAt })\n  if (retryAt !== null) return\n  story.park(path, error)",
        instead: "story.tell({ type: 'compensation-failed', step: path, attempt: known.attempt, error, retryAt })",
      },
    ],
  },
  {
    name: 'step-before-its-dependency',
    does: 'begins a step when one of those that it needs is missing',
    patches: [{ file: FORWARD, text: 'return done >= step.needs &&', instead: 'return done >= step.needs - 1 &&' }],
  },
  {
    name: 'forward-after-a-refused-pivot',
    does: 'asks again for a pivot that was refused, and does not turn back',
    patches: [
      {
        file: REPLIES,
        text: "if (step.kind === 'retriable') story.park(path, error)\n  else failScope",
        instead:
          "if (step.kind === 'retriable') story.park(path, error)\n  else if (step.kind === 'pivot') story.look('scope', scopeAround(path))\n  else failScope",
      },
    ],
  },
  {
    name: 'cancel-past-the-pivot',
    does: 'turns a saga back that is past its pivot',
    patches: [
      {
        file: 'shared/saga/acts.ts',
        text: "story.tell(refusal(act, 'past-pivot'))\n      break\n    case 'unknown'",
        instead:
          "turnBack(story, ROOT, { kind: 'cancelled', requestId, actor, reason })\n      break\n    case 'unknown'",
      },
    ],
  },
  {
    name: 'old-attempt-heard',
    does: 'takes the failure of an old attempt for one of the present attempt',
    patches: [
      {
        file: REPLIES,
        text: "return known.status === 'armed' && attempt === known.attempt",
        instead: "return known.status === 'armed'",
      },
    ],
  },
  {
    name: 'late-answer-changes-the-decision',
    does: 'takes an answer that comes after the step was given up as if it had come in time',
    patches: [
      { file: REPLIES, text: 'return forward ? answerForward', instead: 'return forward || !forward ? answerForward' },
    ],
  },
  {
    name: 'timer-early',
    does: 'fires a timer 1 ms before it is due',
    patches: [
      { file: TIMERS, text: 'timer.at <= moment.now', instead: 'timer.at <= moment.now + 1' },
      { file: TIMERS, text: 'deadlineAt <= moment.now', instead: 'deadlineAt <= moment.now + 1' },
      { file: 'shared/runtime/turn.ts', text: 'state.due.takeDue(now)', instead: 'state.due.takeDue(now + 1)' },
      { file: 'shared/runtime/owner.ts', text: 'dueAt - clock.now()))', instead: 'dueAt - clock.now() - 1))' },
      {
        file: 'shared/runtime/owner.ts',
        text: '?? Number.POSITIVE_INFINITY) > now',
        instead: '?? Number.POSITIVE_INFINITY) > now + 1',
      },
    ],
  },
  {
    name: 'other-start-accepted',
    does: 'starts a saga again when the same id comes with another input',
    patches: [
      {
        file: 'shared/saga/decide.ts',
        text: 'if (!known) return first(',
        instead:
          "if (!known || (input.kind === 'start' && 'inputHash' in known && known.inputHash !== input.inputHash)) return first(",
      },
    ],
  },
  {
    name: 'seq-counted-wrong',
    does: 'leaves a number out where a decision has many events',
    patches: [{ file: 'shared/runtime/turn.ts', text: 'seq: seq + i + 1', instead: 'seq: seq + i + (i > 3 ? 2 : 1)' }],
  },
  {
    name: 'command-not-the-same-bytes',
    does: 'sends a command again with another time',
    patches: [
      {
        file: 'shared/runtime/effect-record.ts',
        text: '{ ...effect.command, replyTo: topics.replies }',
        instead: '{ ...effect.command, at: effect.command.at + (sentSoFar++ % 97), replyTo: topics.replies }',
      },
      {
        file: 'shared/runtime/effect-record.ts',
        text: '/** Why a child that is not waited for is cancelled. */',
        instead: 'let sentSoFar = 0',
      },
    ],
  },
  {
    name: 'lock-granted-twice',
    does: 'grants a lock to one saga more than it has permits',
    patches: [
      {
        file: 'shared/lock/decide-lock.ts',
        text: 'tokens.size < state.permits',
        instead: 'tokens.size <= state.permits',
      },
    ],
  },
  {
    name: 'lock-never-freed',
    does: 'lets a saga end with its locks',
    patches: [
      {
        file: 'shared/saga/locks.ts',
        text: 'return locks.length === 0 ? {} : {',
        instead: 'return locks.length < 1000 ? {} : {',
      },
    ],
  },
  {
    name: 'late-answer-refused',
    does: 'keeps what comes for a saga that has ended as a dead letter',
    patches: [
      {
        file: 'shared/saga/decide.ts',
        text: "if (input.kind !== 'fork') return ignored('saga-ended')",
        instead: "if (input.kind !== 'fork') return refused('not-now', 'it has ended')",
      },
    ],
  },
]
