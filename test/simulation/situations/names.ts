/** The situations that a thousand seeds must bring, each counted: a run in which one never came has shown nothing of it. */
export const SITUATIONS = {
  undoFirst: '1 an undo arrives before its do',
  lateDecided: '2 a success arrives after its compensation was decided',
  lateDone: '2 a success arrives after its compensation was done',
  undoFails: '3 a compensation fails for good',
  crashAppend: '4 a crash between append and confirm',
  crashSend: '4 a crash between confirm and send',
  crashMark: '4 a crash between send and mark',
  crashTakeOver: '4 a crash during take-over',
  cancelRace: "5 a cancel races the pivot's reply",
  rivals: '6 two starts with one id at two clients',
  pausedOwner: '7 an owner sleeps through a take-over and wakes with a full batch',
  lateAfterClaim: "8 a delayed append lands after the new owner's claim",
  lateBeforeClaim: "8 a delayed append lands just before the new owner's claim",
  landed: '9 an append is not answered, and had landed',
  notLanded: '9 an append is not answered, and had not landed',
  landedTwice: '9 an append is not answered, and had landed twice',
  ownerless: '10 a timer is due while nobody owns the partition',
  replyEnded: '11 a reply for an ended saga',
  replyUnknown: '11 a reply for an unknown saga',
  replyForgotten: '11 a reply for a forgotten saga',
  replyOtherStep: '11 a reply for another step',
  replyOldAttempt: '11 a reply for an old attempt',
  newVersion: '12 a new version appears while old sagas run',
  earlySignal: '13 a signal comes before its wait',
  progressAndTimeout: '14 progress and a timeout in one batch',
  beforeCommit: '15 a projector fails between rows and commit',
  afterCommit: '15 a projector fails after commit, before it knows',
  jumpAhead: '16 a clock jumps an hour ahead',
  jumpBack: '16 a clock jumps an hour back',
  tenThousand: '17 10,000 timers are due at once',
  twoProjectors: '18 two projectors own one partition',
} as const

export type Situation = keyof typeof SITUATIONS

export const ALL_SITUATIONS = Object.keys(SITUATIONS) as Situation[]
