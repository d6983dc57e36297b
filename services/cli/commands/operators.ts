/** `kasaga incidents`, `kasaga audit`, `kasaga definitions` and `kasaga lag`: what operators ask of all sagas together. */
import { ACTS_LIMIT_MAX, INCIDENT_SAGAS_MAX } from '../../../shared/client/operator-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { auditText, definitionCountsText, incidentsText, lagText } from '../text/operator-text.ts'

const LIMIT = 50

/** `kasaga incidents`. */
export const incidentsCommand: CliCommand = (program, around) => {
  const command = program
    .command('incidents')
    .description('What is wrong: sagas that are stuck or try again, those that fail in the same way together.')
    .argument('[fingerprint]', 'list the sagas that fail in this way; absent: all ways')
    .option('--limit <n>', `how many sagas, at most ${INCIDENT_SAGAS_MAX}`, whole(1, INCIDENT_SAGAS_MAX), 100)
  asking(command, around, 'kasaga incidents 3f9ac1d20b7e')
  command.action(async (fingerprint: string | undefined, options: AskOptions & { readonly limit: number }) => {
    if (fingerprint !== undefined) {
      if (!/^[0-9a-f]{12}$/.test(fingerprint))
        throw new CliFailure(2, 'bad-usage', { message: 'a fingerprint is 12 hexadecimal digits', next: SEE })
      const found = await clientOf(options).incidentSagas(fingerprint, { limit: options.limit })
      return writeResult(around, options, { json: found, text: found.sagas.join('\n') })
    }
    const list = await clientOf(options).incidents()
    if (list.incidents.length === 0 && !options.json) around.stderr.write('No saga is stuck or tries again.\n')
    else
      writeResult(around, options, {
        json: list,
        text: incidentsText(list.incidents, { color: around.color, now: around.now() }),
      })
  })
}

const SEE = 'See them with: kasaga incidents'

interface AuditOptions extends AskOptions {
  readonly actor?: string
  readonly type?: string
  readonly saga?: string
  readonly after?: string
  readonly limit: number
}

/** `kasaga audit`. */
export const auditCommand: CliCommand = (program, around) => {
  const command = program
    .command('audit')
    .description('What persons have asked of sagas: who, when and why; newest first.')
    .option('--actor <name>', 'only what this one asked')
    .option('--type <event>', 'only events of this type, as retry-requested')
    .option('--saga <id>', 'only of this saga')
    .option('--limit <n>', `how many, at most ${ACTS_LIMIT_MAX}`, whole(1, ACTS_LIMIT_MAX), LIMIT)
    .option('--after <mark>', 'go on where a page ended')
  asking(command, around, 'kasaga audit --actor ann')
  command.action(async (options: AuditOptions) => {
    const { actor, type, saga, after, limit } = options
    const page = await clientOf(options).audit({
      limit,
      ...(actor !== undefined && { actor }),
      ...(type !== undefined && { type }),
      ...(saga !== undefined && { saga }),
      ...(after !== undefined && { after }),
    })
    if (page.acts.length === 0 && !options.json) around.stderr.write('Nobody has asked for anything like that.\n')
    else writeResult(around, options, { json: page, text: auditText(page.acts, around.color) })
    if (page.next !== null && !options.json) around.stderr.write(`There are more: --after '${page.next}'\n`)
  })
}

/** `kasaga definitions`. */
export const definitionsCommand: CliCommand = (program, around) => {
  const command = program.command('definitions').description('How many sagas of each version of a definition live.')
  asking(command, around, 'kasaga definitions')
  command.action(async (options: AskOptions) => {
    const counts = await clientOf(options).definitionCounts()
    const eyes = { color: around.color, now: around.now() }
    writeResult(around, options, { json: counts, text: definitionCountsText(counts.definitions, eyes) })
  })
}

interface LagOptions extends AskOptions {
  readonly partitions: boolean
}

/** `kasaga lag`. */
export const lagCommand: CliCommand = (program, around) => {
  const command = program
    .command('lag')
    .description('What waits between the parts: commands, replies, and the log before it is in the views.')
    .option('--partitions', 'by partition', false)
  asking(command, around, 'kasaga lag')
  command.action(async (options: LagOptions) => {
    const lag = await clientOf(options).lag()
    writeResult(around, options, { json: lag, text: lagText(lag, { ...options, color: around.color }) })
  })
}
