/** What became of recorded logs under another definition, for a person and as JSON. */

import type { SagaEvent } from '../../../shared/message/events.ts'
import {
  type ShadowedFinding,
  type ShadowPlace,
  type ShadowReport,
  whatOf,
} from '../../../shared/runtime/shadow-run.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { Divergence } from '../../../shared/saga/shadow/shadowed-saga.ts'
import { plain } from './plain.ts'
import { tableText } from './tables.ts'

type Placed = Divergence & { readonly place: ShadowPlace }

export function shadowText({ name, version }: Definition, report: ShadowReport, color: boolean): string {
  const { same, different, breaking, broken, others, groups, findings } = report
  const judged = same + different + breaking
  const apart = [
    ...(broken === 0 ? [] : [`${broken} broken: kasaga verify tells why`]),
    ...(others === 0 ? [] : [`${others} of other definitions or versions`]),
  ]
  const head = `${name} v${version}  ${judged} sagas: ${same} same, ${different} different, ${breaking} breaking`
  const rows = groups.map(({ verdict, count, what, example }) => [verdict, String(count), plain(what, 120), example])
  const more = different + breaking - findings.length
  return [
    [head, ...apart].join('; '),
    ...(rows.length === 0 ? [] : ['', tableText(['VERDICT', 'SAGAS', 'WHAT', 'FOR EXAMPLE'], rows, color)]),
    ...findings.flatMap((finding) => ['', ...findingText(finding)]),
    ...(more > 0 && findings.length > 0 ? ['', `and ${more} more: see --limit`] : []),
  ].join('\n')
}

function findingText({ saga, version, first, breaking }: ShadowedFinding): string[] {
  return [`${saga}  v${version}`, ...divergenceText(first), ...(breaking ? divergenceText(breaking) : [])]
}

function divergenceText(divergence: Placed): string[] {
  const { verdict, recorded, decided, fields, place, why, more } = divergence
  const at = `  ${verdict} at event ${recorded.seq}, place ${place.partition}/${place.offset}: ${whatOf(divergence)}`
  if (why !== undefined || !decided || more) return [plain(at, 300)]
  if (fields.includes('type')) return [plain(at, 300)]
  return [plain(at, 300), ...fields.map((field) => changeText(field, recorded.event, decided))]
}

function changeText(field: string, recorded: SagaEvent, decided: SagaEvent): string {
  const textOf = (event: SagaEvent) => JSON.stringify((event as Readonly<Record<string, unknown>>)[field]) ?? 'nothing'
  return plain(`    ${field}: ${textOf(recorded)} -> ${textOf(decided)}`, 300)
}

/** Extended only by adding. */
export function shadowJson({ name, version }: Definition, { findings, ...report }: ShadowReport) {
  const { same, different, breaking } = report
  return {
    definition: name,
    version,
    sagas: same + different + breaking,
    ...report,
    findings: findings.map(({ first, breaking: breaks, ...finding }) => ({
      ...finding,
      first: divergenceJson(first, report.topic),
      breaking: breaks ? divergenceJson(breaks, report.topic) : null,
    })),
  }
}

function divergenceJson({ verdict, recorded, decided, fields, more, why, place }: Placed, topic: string) {
  const { seq, at, event } = recorded
  return {
    verdict,
    place: { topic, partition: place.partition, offset: String(place.offset) },
    seq,
    at,
    recorded: event,
    decided: decided ?? null,
    more: more ?? false,
    fields,
    why: why ?? null,
  }
}
