/**
 * A dead letter that a person mends: the mended record goes to where the letter came from, and a note behind the letter says who
 * did, why, and what was changed.
 *
 * Guarantee: the letter stays as it is. Nothing is put back that would not be taken as this gateway knows it, and nothing that makes
 * another record of it unless that is said. A mended record has the ids of the one that came, so of the two of them, and of
 * two that were mended at the same time, at most one is done.
 */
import { createHash } from 'node:crypto'
import type { EditAnswer, LetterCheck, LetterValidation } from '../../../shared/client/dead-letter-api.ts'
import { editedRecord, type LetterEdit } from '../../../shared/message/letter-edit.ts'
import { type LogRecord, recordWith } from '../../../shared/message/record.ts'
import { isAboutTheFailure, type RedriveAct } from '../../../shared/message/redrive.ts'
import { placeAnswer } from '../answers.ts'
import { Problem } from '../problem.ts'
import { type CheckParts, checkLetter, unknown } from './letter-check.ts'
import { asRead, type OpenedLetter, openLetter } from './open-letter.ts'
import { noted, putBack, type RedrivePorts, whyNot } from './redrive.ts'

export interface AskedEdit extends RedriveAct {
  readonly id: string
  readonly edit: LetterEdit
  /** Also where it was put back already, or too often, and where this gateway cannot tell what would become of it. */
  readonly force: boolean
  /** The key, and headers that a record is known by, may change. */
  readonly identity: boolean
}

/** A letter with what was mended of it; nothing is written. */
interface Mended {
  /** As it would be put back. */
  readonly record: LogRecord
  readonly told: LetterValidation
}

/** What would become of a letter, mended so. @throws Problem `unknown-letter`, `not-editable`. */
export async function validateLetter(parts: CheckParts, id: string, edit: LetterEdit): Promise<LetterValidation> {
  return (await mended(parts, await openLetter(parts, id), edit)).told
}

/** @throws Problem where it is not put back, with the reason. */
export async function editLetter(parts: CheckParts & RedrivePorts, asked: AskedEdit): Promise<EditAnswer> {
  const opened = await openLetter(parts, asked.id)
  const { letter } = opened
  const refused = whyNot(parts, letter, { force: asked.force, note: letter.redriven })
  if (refused) throw new Problem(409, refused.code, refused.detail)
  const { record, told } = await mended(parts, opened, asked.edit)
  refuseUnfit(told, asked)
  const { before, after, changed } = told
  const edited = { before, after, changed }
  const place = await putBack(parts, { record, letter, actor: asked.actor, edited })
  if (!place)
    throw new Problem(503, 'not-stored', 'the log did not say that it is stored; see where it is, or try again')
  const isNoted = await noted(parts, { record: opened.record, letter, act: { ...asked, edited } })
  return { id: asked.id, place: placeAnswer(place), isNoted, before, after, changed }
}

function refuseUnfit(told: LetterValidation, asked: AskedEdit): void {
  if (told.changed.length === 0)
    throw new Problem(409, 'nothing-changed', 'nothing of it is changed: to put it back as it is, redrive it')
  if (told.identity.length > 0 && !asked.identity) {
    const why = `${told.identity.join(', ')} is what it is known by: changed, it is another record, and what was done for this one may be done again`
    throw new Problem(409, 'identity-changed', why)
  }
  const { verdict, says, errors } = told.check
  if (verdict === 'taken' || (verdict === 'unknown' && asked.force)) return
  throw new Problem(422, verdict === 'unknown' ? 'not-known' : 'not-taken', says, { issues: errors })
}

async function mended(parts: CheckParts, { letter, record, value }: OpenedLetter, edit: LetterEdit): Promise<Mended> {
  // What was too large to be kept with the letter is put back as it stands where it came from.
  const whole = letter.isValueOmitted && value.kind === 'here' ? recordWith(record, { value: value.value }) : record
  const edited = editedRecord(whole, edit)
  if (edited.kind === 'refused') throw new Problem(409, 'not-editable', edited.message)
  const { changed, identity } = edited
  const read = readAs(edited.record, { value, isNewValue: edit.value !== undefined })
  const check: LetterCheck =
    read === undefined
      ? unknown(value.kind === 'gone' ? value.why : '')
      : await checkLetter(parts, asRead(recordWith(read, { topic: letter.origin.topic })))
  const told = { check, changed: [...changed], identity: [...identity] }
  return { record: edited.record, told: { ...told, before: hashOf(whole), after: hashOf(edited.record) } }
}

/** As whoever reads it is given it: a value that stays is what it stands for. `undefined`: that is not known. */
function readAs(
  record: LogRecord,
  { value, isNewValue }: { readonly value: OpenedLetter['value']; readonly isNewValue: boolean },
): LogRecord | undefined {
  if (isNewValue) return record
  if (value.kind === 'gone') return undefined
  return recordWith(record, { value: value.value, ...(value.unread && { unread: value.unread }) })
}

/** SHA-256 over key, value and headers, without those that tell how it failed. */
function hashOf({ key, value, headers }: LogRecord): string {
  const text = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('base64')
  const own = headers.filter(([name]) => !isAboutTheFailure(name)).map(([name, bytes]) => [name, text(bytes)])
  return createHash('sha256')
    .update(JSON.stringify([text(key), text(value), own]))
    .digest('hex')
}
