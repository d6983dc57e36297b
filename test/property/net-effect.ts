/** S8, looked at where the effects are: at the participants, once nothing is on its way any more. */

import { type LawfulParticipants, netKey } from './lawful-participants.ts'
import type { LossyWorld } from './lossy-world.ts'
import { must } from './must.ts'
import type { NaiveBook, Sent } from './naive-book.ts'
import type { SagaDriver } from './saga-driver.ts'

/** Expects of a saga that has ended: what it undid left nothing, and what it went through with was done once. */
export function expectNetEffect(world: LossyWorld, driver: SagaDriver, book: NaiveBook): void {
  const due = new Set(book.due())
  for (const sent of book.sent.values())
    if (sent.planned.type === 'child') expectChild(world, driver, { sent, isDue: due.has(sent) })
  expectSteps(world.participants, { id: driver.id, status: driver.state?.status }, book)
}

type Nets = Pick<LawfulParticipants, 'net'>

interface Ended {
  readonly id: string
  readonly status: string | undefined
}

/** The same of the steps that ask participants. */
export function expectSteps(participants: Nets, ended: Ended, book: NaiveBook): void {
  const due = new Set(book.due())
  for (const sent of book.sent.values())
    if (sent.planned.type === 'command') expectStep(participants, ended, { sent, isDue: due.has(sent) })
  const wires = new Set([...book.sent.values()].map(({ wire }) => wire))
  for (const [key, net] of participants.net) {
    const [id, step = ''] = key.split('/')
    must(id !== ended.id || wires.has(step) || net === 0, () => `S8: ${key} has an effect, and was never asked for`)
  }
}

interface Looked {
  readonly sent: Sent
  readonly isDue: boolean
}

function expectStep(participants: Nets, { id, status }: Ended, { sent, isDue }: Looked): void {
  const { path, wire, turn, refused } = sent
  const net = participants.net.get(netKey(id, wire)) ?? 0
  if (isDue || refused) must(net === 0, () => `S8: ${path} was undone, or refused, and its net effect is ${net}`)
  else if (turn) must(net === 0 || net === 1, () => `S8: ${path}, which has no undo, has the net effect ${net}`)
  else must(net === 1, () => `S8: ${path} of a ${status} saga has the net effect ${net}`)
}

/** A child that its parent waited for and went on with is completed; one that it undid is undone, or never was. */
function expectChild(world: LossyWorld, driver: SagaDriver, { sent, isDue }: Looked): void {
  const { path, wire, planned, turn } = sent
  const isOwn = (step: string) => step === path || step === wire
  const asked = driver.asked.findLast(({ step, direction }) => isOwn(step) && direction === 'forward')?.effect
  const child = asked && 'child' in asked ? world.sagas.get(asked.child) : undefined
  const status = child?.state?.status
  if (planned.type !== 'child' || status === 'failed') return
  // An id that a definition gives may be taken by the child of another saga: of an origin, or a fork.
  if (child && child.state?.parent?.sagaId !== driver.id) return
  const told = () => `S8: ${path} is ${isDue ? 'undone' : 'done'}, and its child is ${status}`
  if (isDue && planned.undo?.command.type === 'kasaga.undo.v1') must(status === 'compensated', told)
  if (!turn && planned.waits) must(status === 'completed', told)
}
