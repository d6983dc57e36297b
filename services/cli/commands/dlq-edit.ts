/** `kasaga dlq validate` and `kasaga dlq edit`: what would become of a dead letter, and putting a mended copy back. */
import type { Command } from 'commander'
import type { LetterDetail, LetterEdit } from '../../../shared/client/dead-letter-api.ts'
import { parseJson } from '../../../shared/message/json.ts'
import { isAboutTheFailure } from '../../../shared/message/redrive.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import type { Surroundings } from '../surroundings.ts'
import { editText, validationText } from '../text/letter-text.ts'

interface FileOptions extends AskOptions {
  readonly file?: string
}

interface EditOptions extends FileOptions {
  readonly reason?: string
  readonly actor: string
  readonly force: boolean
  readonly identity: boolean
}

const FILE = 'what is mended of it, as `kasaga dlq show --form` writes it; - reads standard input'

export function validateCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('validate')
    .description('Say what would become of one if it were put back, as it is or mended. Exit 0: it would be taken.')
    .argument('<id>', 'as `kasaga dlq list` names it: 0-17')
    .option('--file <path>', FILE)
  asking(command, around, 'kasaga dlq validate 0-17 --file letter.json')
  command.action(async (id: string, options: FileOptions) => {
    const edit = options.file === undefined ? undefined : await editIn(options.file, around)
    const validation = await clientOf(options).validateLetter(id, edit)
    writeResult(around, options, { json: validation, text: validationText(validation) })
    const { verdict, reason } = validation.check
    if (verdict !== 'taken')
      throw new CliFailure(1, reason ?? verdict, { message: `${id} would not be taken: ${verdict}` })
  })
}

export function editCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('edit')
    .description(
      'Put a mended copy of one to where it came from, if it would be taken. The letter itself stays as it is.',
    )
    .argument('<id>', 'as `kasaga dlq list` names it: 0-17')
    .option('--file <path>', `${FILE}; absent: $EDITOR is opened on it`)
    .option('--identity', 'also where that changes what the record is known by: its key, ids, step, attempt', false)
    .option('--force', 'also one put back already or too often, or of which it is not known what would become', false)
    .option('--reason <text>', 'why; kept with the letter')
    .option('--actor <name>', 'who asks; kept with the letter', around.actor)
  asking(command, around, "kasaga dlq edit 0-17 --file letter.json --reason 'the amount was text'")
  command.action(async (id: string, options: EditOptions) => {
    const { reason = '', actor, force, identity, file } = options
    if (reason.trim() === '') throw new CliFailure(2, 'no-reason', { message: 'say why: --reason' })
    const client = clientOf(options)
    const edit =
      file === undefined ? await editedByHand(await client.deadLetter(id), around) : await editIn(file, around)
    const answer = await client.editLetter(id, { edit, reason, actor, force, identity })
    writeResult(around, options, { json: answer, text: editText(answer) })
    if (!answer.isNoted) around.stderr.write('It is put back, but that could not be noted behind the letter.\n')
  })
}

async function editedByHand(letter: LetterDetail, { editText: edited }: Surroundings): Promise<LetterEdit> {
  if (!edited)
    throw new CliFailure(2, 'no-editor', {
      message: 'there is no terminal, or no $EDITOR, to edit it with',
      next: `Write it with: kasaga dlq show ${letter.id} --form > letter.json, and say --file letter.json`,
    })
  const before = formText(letter)
  const after = await edited(before, `letter-${letter.id}.json`)
  if (after === before)
    throw new CliFailure(1, 'nothing-changed', { message: 'nothing was changed, nothing is put back' })
  return editFrom(after, 'what was edited')
}

async function editIn(path: string, around: Surroundings): Promise<LetterEdit> {
  let text: string
  try {
    text = await around.readFile(path)
  } catch (error) {
    throw new CliFailure(2, 'bad-file', { message: `${path} cannot be read: ${(error as Error).message}` })
  }
  return editFrom(text, path)
}

const FIELDS = ['about', 'key', 'headers', 'value']
const FORM_LIMITS = { bytesMax: 32 * 1024 * 1024, depthMax: 100, keysMax: 1_000_000 }

/** What the file says is checked by the gateway; here only what would be lost on the way to it. */
function editFrom(text: string, where: string): LetterEdit {
  const parsed = parseJson(new TextEncoder().encode(text), FORM_LIMITS)
  const wrong = (message: string) => new CliFailure(2, 'bad-file', { message: `${where}: ${message}` })
  if (parsed.kind === 'refused') throw wrong(parsed.message)
  const form = parsed.value
  if (typeof form !== 'object' || form === null || Array.isArray(form))
    throw wrong('it is no object with headers and value')
  const other = Object.keys(form).filter((name) => !FIELDS.includes(name))
  if (other.length > 0) throw wrong(`${other.join(', ')} is none of ${FIELDS.join(', ')}`)
  const { about: _, ...edit } = form as LetterEdit & { readonly about?: unknown }
  return edit
}

const ABOUT = 'What is left out stays as it is. A header that is null is taken away.'
const NO_VALUE = 'The value is left out, since it cannot be shown as JSON: give one to put it in its place.'

/** A letter as a file that can be edited. */
export function formText({ key, headers, decoded }: LetterDetail): string {
  const own = headers.filter(
    ({ name, value }) => !isAboutTheFailure(name) && value.encoding === 'utf-8' && !value.isCut,
  )
  const hasValue = decoded.why === null && decoded.form !== 'none'
  const form = {
    about: hasValue ? ABOUT : `${ABOUT} ${NO_VALUE}`,
    ...(key !== null && { key }),
    headers: Object.fromEntries(own.map(({ name, value }) => [name, value.text])),
    ...(hasValue && { value: decoded.json }),
  }
  return `${JSON.stringify(form, null, 2)}\n`
}
