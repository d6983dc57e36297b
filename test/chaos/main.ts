/**
 * `npm run chaos`: see USAGE. Exit code 0: all held. 1: something broke, or came too seldom. 2: the arguments were not
 * understood. 3: it cannot be run here.
 *
 * Whatever it has started ends with it: in order when it has ended or is interrupted, by its lifeline when it is killed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../shared/message/errors.ts'
import { type Asked, askedBy, USAGE } from './arguments.ts'
import { runChaos } from './run-chaos.ts'
import { CannotRun } from './stage/servers.ts'
import { Stops } from './stage/stops.ts'
import { holds, summaryText } from './summary.ts'

const CANNOT_RUN = 3

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

function asked(): Asked | undefined {
  try {
    return askedBy(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    return undefined
  }
}

const stops = new Stops(say)

/** Answers the exit code. */
async function run(wanted: Asked): Promise<number> {
  const logFolder = await mkdtemp(join(tmpdir(), 'kasaga-chaos-'))
  let keep = true
  try {
    const summary = await runChaos({ asked: wanted, logFolder, stops, say })
    keep = wanted.keepLogs || !holds(summary)
    await stops.all()
    say(summaryText(summary))
    if (keep) say(`what the processes logged is in ${logFolder}`)
    if (wanted.json) say(JSON.stringify(summary))
    return holds(summary) ? 0 : 1
  } catch (error) {
    await stops.all()
    process.stderr.write(`${messageOf(error)}\n`)
    keep = !(error instanceof CannotRun)
    if (keep) process.stderr.write(`what the processes logged is in ${logFolder}\n`)
    return error instanceof CannotRun ? CANNOT_RUN : 1
  } finally {
    if (!keep) await rm(logFolder, { recursive: true, force: true })
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => void stops.all().then(() => process.exit(code)))

const wanted = asked()
process.exit(wanted ? await run(wanted) : 2)
