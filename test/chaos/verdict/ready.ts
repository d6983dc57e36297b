/** Once nothing is disturbed any more, every process says of itself that it is alive and ready, also the ones whose twin does their work. */
import { pause } from '../faults/scene.ts'
import type { Place, Roster } from '../stage/roster.ts'
import type { Violation } from './violation.ts'

const READY_MS_MAX = 60_000
const ANSWER_MS_MAX = 10_000
const LOOK_AGAIN_MS = 250
const QUESTIONS = ['readyz', 'healthz'] as const

export async function allReady({ places }: Roster): Promise<readonly Violation[]> {
  const until = Date.now() + READY_MS_MAX
  return (await Promise.all(places.map((place) => ready(place, until)))).flat()
}

async function ready(place: Place, until: number): Promise<readonly Violation[]> {
  const violations: Violation[] = []
  for (const question of QUESTIONS) {
    let answer = await ask(place, question)
    while (answer !== 'yes' && Date.now() < until) {
      await pause(LOOK_AGAIN_MS)
      answer = await ask(place, question)
    }
    const message = `${place.name} says to ${question}, ${READY_MS_MAX} ms after the last fault: ${answer}`
    if (answer !== 'yes') violations.push({ id: 'ready', message })
  }
  return violations
}

async function ask(place: Place, question: (typeof QUESTIONS)[number]): Promise<string> {
  const { url } = place
  if (url === undefined) return 'it has told no address'
  try {
    const answer = await fetch(`${url}/${question}`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    return answer.ok ? 'yes' : (await answer.text()).trim()
  } catch (error) {
    return String(error)
  }
}
