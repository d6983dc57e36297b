/** Dead letters, held against the rubbish that was thrown: one place and one reason each, and none of anything else (S18, L4). */
import { headerOf } from '../../../shared/message/record.ts'
import { noteOf } from '../../../shared/message/redrive.ts'
import { placeText } from '../faults/record-faults.ts'
import type { FaultNotes } from '../faults/scene.ts'
import type { Stage } from '../stage/stage.ts'
import type { Violation } from './violation.ts'

export interface Letters {
  readonly places: number
  readonly violations: readonly Violation[]
}

export async function lettersOf(stage: Stage, { rubbish, rubbishUnclear }: FaultNotes): Promise<Letters> {
  const found = await reasonsByPlace(stage)
  const violations: Violation[] = []
  for (const [place, becomes] of rubbish) {
    const reasons = [...(found.get(place) ?? [])]
    if (becomes === 'ignored' ? reasons.length === 0 : reasons.length === 1 && reasons[0] === becomes) continue
    const told = reasons.length === 0 ? 'has no dead letter' : `became ${reasons.join(', ')}`
    violations.push({ id: 'S18', message: `the rubbish at ${place} ${told}, and should have become ${becomes}` })
  }
  const strange = [...found].filter(([place]) => !rubbish.has(place))
  if (strange.length > rubbishUnclear)
    for (const [place, reasons] of strange)
      violations.push({
        id: 'L4',
        message: `a dead letter of ${place}, which is no rubbish: ${[...reasons].join(', ')}`,
      })
  return { places: found.size, violations }
}

/** One place may have the same letter more than once: it is stored before the batch that counts it. */
async function reasonsByPlace({ home, topics }: Stage): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>()
  for (const { partition, start } of await home.broker.offsets(topics.deadLetters))
    for await (const records of home.broker.read(topics.deadLetters, partition, start))
      for (const record of records) {
        if (noteOf(record)) continue
        const of = (name: string) => headerOf(record, `dlq-original-${name}`) ?? ''
        const place = placeText(of('topic'), of('partition'), of('offset'))
        found.set(place, (found.get(place) ?? new Set()).add(headerOf(record, 'dlq-reason') ?? 'unknown'))
      }
  return found
}
