/** Options that say which sagas are meant: of `kasaga list`, and of bulk acts. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ListedStatusName } from '../../shared/client/http-api.ts'
import type { SagaFilterBody } from '../../shared/client/saga-filter.ts'
import { PRIORITY_MAX } from '../../shared/message/priority.ts'
import { whole } from './options.ts'

export interface FilterOptions {
  readonly status?: SagaFilterBody['status']
  readonly definition?: string
  readonly version?: number
  readonly atStep?: string
  readonly participant?: string
  readonly incident?: string
  readonly priority?: number
  readonly prefix?: string
  readonly attribute?: Readonly<Record<string, string>>
  readonly startedFrom?: string
  readonly startedBefore?: string
}

/** Reads `customer=c-7`, beside those that were read before. */
function attribute(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
  throw new InvalidArgumentError('an attribute is wanted, as customer=c-7')
}

function moment(text: string): string {
  const at = Date.parse(text)
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(at)) return new Date(at).toISOString()
  throw new InvalidArgumentError('a time with its zone is wanted, as 2026-01-31T10:00:00Z')
}

export function filtering(command: Command): Command {
  return command
    .addOption(new Option('--status <status>', 'only those of this status').choices(ListedStatusName.options))
    .option('--definition <name>', 'only those of this definition')
    .option('--version <n>', 'only those that run on this version', whole(1))
    .option('--at-step <path>', 'only those with this step under way or parked; parcels[].label: of any parcel')
    .option('--participant <name>', 'only those with such a step of this participant')
    .option('--incident <fingerprint>', 'only those that fail in this way, as `kasaga incidents` names it')
    .option('--priority <n>', 'only those of this priority', whole(0, PRIORITY_MAX))
    .option('--prefix <text>', 'only those whose id begins so')
    .option('--attribute <name=value>', 'only those that are found by it; several must all hold', attribute)
    .option('--started-from <time>', 'only those that were started then or later', moment)
    .option('--started-before <time>', 'only those that were started before', moment)
}

/** What the options say, as data. */
export function filterIn(options: FilterOptions): SagaFilterBody {
  const { status, definition, version, participant, incident, priority, startedFrom, startedBefore } = options
  const { atStep: step, prefix: idPrefix, attribute: attributes } = options
  const same = { status, definition, version, participant, incident, priority, startedFrom, startedBefore }
  const all = { ...same, step, idPrefix, attributes }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
