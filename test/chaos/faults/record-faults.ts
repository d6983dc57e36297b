/** Records that nobody should write: copies of what is there, and rubbish. */
import type { Order } from '../../../services/orders/order.ts'
import { sagaById } from '../../../shared/adapters/postgres/view-queries.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { headerOf, type LogRecord, type NewRecord, utf8 } from '../../../shared/message/record.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import type { Stream } from '../../simulation/world/streams.ts'
import { commandRubbish, participantRubbish, type Rubbish, replyRubbish } from '../../support/rubbish/rubbish.ts'
import { ORDER_PREFIX } from '../load/order-load.ts'
import type { Stage } from '../stage/stage.ts'
import { between, type CarryOut, oneOf, type Scene } from './scene.ts'

const PARTICIPANTS = ['inventory', 'payment', 'shipping'] as const
const COPIES_MAX = 30
const ROUNDS = 4
const PIECES = 5
/** Of a value: what is larger is another test's matter. */
const RUBBISH_BYTES_MAX = 20_000
const RUBBISH_SOURCE = '/test/rubbish'

export function placeText(topic: string, partition: number | string, offset: bigint | string): string {
  return `${topic}/${partition}/${offset}`
}

/** Writes records again that stand in the topics, new ones and old ones. */
export const duplicate: CarryOut = async ({ stage, notes }, dice) => {
  const topics = [stage.topics.commands, stage.topics.replies, ...PARTICIPANTS.map(participantTopic)]
  let written = 0
  for (let round = 0; round < ROUNDS; round++) {
    const topic = oneOf(dice, topics) ?? ''
    const found = await someOf(stage, topic, dice)
    if (found.length === 0) continue
    const [{ partition = 0 } = {}] = found
    const records = found.map(({ key, value, headers }): NewRecord => ({ key, value, headers }))
    const [result] = await stage.home.unredeemed.append([{ topic, partition, records }])
    if (result?.kind === 'appended') written += records.length
  }
  notes.duplicates += written
  return written === 0 ? undefined : `${written} records`
}

/** Some records of a partition that are about orders: the newest in half of the cases. */
async function someOf({ home }: Stage, topic: string, dice: Stream): Promise<readonly LogRecord[]> {
  const offsets = await home.unredeemed.offsets(topic)
  const place = oneOf(dice, offsets)
  const count = BigInt(between(dice, 1, COPIES_MAX))
  const newest = dice.perMille(500)
  if (!place || place.end === place.start) return []
  const kept = place.end - place.start
  const from = newest ? place.end - (count < kept ? count : kept) : place.start + BigInt(dice.below(Number(kept)))
  const found: LogRecord[] = []
  for await (const records of home.unredeemed.read(topic, place.partition, from)) {
    found.push(...records.filter(isOfAnOrder))
    if (found.length >= count) break
  }
  return found.slice(0, Number(count))
}

function isOfAnOrder(record: LogRecord): boolean {
  const key = record.key === null ? undefined : utf8(record.key)
  return key?.startsWith(`${ORDER_PREFIX}-`) === true && headerOf(record, 'ce_source') !== RUBBISH_SOURCE
}

interface Piece extends Rubbish {
  readonly topic: string
}

/** Writes rubbish of every kind, some of it about an order that has long been acknowledged. */
export const litter: CarryOut = async (scene, dice) => {
  const { stage, load } = scene
  const order = await endedOrder(scene)
  const all = order ? piecesAbout(stage, order) : []
  let written = 0
  for (let i = 0; i < PIECES; i++) {
    const piece = oneOf(dice, all)
    if (piece && (await threw(scene, piece))) written++
  }
  return written === 0 ? undefined : `${written} records, ${load.acknowledged.length} orders before them`
}

/** The first one that was acknowledged has ended when the views say so. */
async function endedOrder({ stage, load }: Scene): Promise<Order | undefined> {
  const [first] = load.acknowledged
  if (!first) return undefined
  const { db } = (await stage.home.views()).store
  const status = (await sagaById(db, first.id))?.status
  return status === 'completed' || status === 'compensated' ? first : undefined
}

function piecesAbout({ topics }: Stage, order: Order): readonly Piece[] {
  const ended = { id: order.id, input: { ...order, lines: order.lines.map((line) => ({ ...line })) } }
  const pieces = [
    ...commandRubbish(ended).map((rubbish) => ({ ...rubbish, topic: topics.commands })),
    ...replyRubbish(ended).map((rubbish) => ({ ...rubbish, topic: topics.replies })),
    ...PARTICIPANTS.flatMap((name) =>
      participantRubbish(name).map((rubbish) => ({ ...rubbish, topic: participantTopic(name) })),
    ),
  ]
  return pieces.filter(({ record }) => (record.value?.length ?? 0) <= RUBBISH_BYTES_MAX)
}

async function threw({ stage, notes }: Scene, { topic, record, becomes }: Piece): Promise<boolean> {
  const { unredeemed } = stage.home
  const partition = partitionOf(record.key ?? '', await unredeemed.partitions(topic))
  const [result] = await unredeemed.append([{ topic, partition, records: [record] }])
  if (result?.kind === 'appended') notes.rubbish.set(placeText(topic, partition, result.baseOffset), becomes)
  else if (result?.kind === 'unknown') notes.rubbishUnclear++
  return result?.kind === 'appended'
}
