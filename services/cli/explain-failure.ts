/** Whatever ended a command, as a failure with a sentence on what to do next. */
import { GatewayError } from '../../shared/client/http-client.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { CliFailure } from './failure.ts'

const NEXT: Readonly<Record<string, string>> = {
  'unknown-saga': 'See which there are with: kasaga list',
  'unknown-incident': 'See which there are with: kasaga incidents',
  'unknown-lock': 'See which there are with: kasaga locks',
  'start-conflict': 'Choose another --id, or start it with the input that it has',
  'unknown-definition': 'Check the name and --version of the definition',
  'invalid-input': 'Mend the input and start it again',
  'invalid-request': 'See what is wanted with --help',
  'unknown-step': 'See its plan with: kasaga definition show <name>',
  'saga-ended': 'See how it ended with: kasaga show <id>',
  'too-many-requests': 'Wait a little and try again',
  'view-behind': 'The command was taken; look again in a moment',
  'outcome-unknown': 'Repeat it as it is: it has no second effect',
  'no-room': 'Make room on the disk of the data folder; it goes on by itself',
  unavailable: 'Try again; the log of the gateway tells more',
}

function issueText(issue: unknown): string {
  if (typeof issue !== 'object' || issue === null || !('message' in issue)) return ''
  const path = 'path' in issue ? (Array.isArray(issue.path) ? issue.path.join('.') : String(issue.path)) : ''
  return path === '' ? String(issue.message) : `${path}: ${issue.message}`
}

/** What helps against trouble from outside, where it is not simply trying again. */
const NEXT_OPERATIONAL: Readonly<Record<string, string>> = {
  'address-unusable': 'Choose another --port (0 takes a free one), or stop what listens there',
  'log-owned': 'It can be read meanwhile through its API, when it has one: kasaga list --url ...',
  'data-exists': 'Name a folder that is not there yet',
  'no-data': 'Name the folder that a demo or `kasaga dev` has kept with --data-dir',
  'bad-order': 'Mend that line and run it again',
}

const ISSUES_SHOWN_MAX = 5

function ofGateway(error: GatewayError): CliFailure {
  const { problem } = error
  if (error.kind === 'unreachable')
    return new CliFailure(2, 'gateway-unreachable', {
      message: error.message,
      next: 'Start one with `kasaga dev`, or say where it is with --url or KASAGA_URL',
    })
  if (!problem)
    return new CliFailure(2, 'no-gateway', { message: error.message, next: 'Check --url: it must lead to a gateway' })
  const issues = (problem.issues ?? [])
    .slice(0, ISSUES_SHOWN_MAX)
    .map(issueText)
    .filter((text) => text !== '')
  const detail = problem.code === 'invalid-request' ? '' : issues.join('; ')
  const message = detail === '' ? problem.detail : `${problem.detail} (${detail})`
  const told = {
    message,
    next: NEXT[problem.code] ?? (problem.status >= 500 ? `Look for ${problem.id} in the gateway's log` : undefined),
  }
  return new CliFailure(1, problem.code, told)
}

/** The failure that an error is. A bug keeps its stack, which is what its finder needs. */
export function failureOf(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error
  if (error instanceof GatewayError) return ofGateway(error)
  if (error instanceof OperationalError)
    return new CliFailure(2, error.code, {
      message: error.message,
      next: NEXT_OPERATIONAL[error.code] ?? (error.retriable ? 'Try again' : undefined),
    })
  const message = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
  return new CliFailure(2, 'internal', { message, next: 'This is a bug in Kasaga; please report it' })
}
