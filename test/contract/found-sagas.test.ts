/** Sagas that are found by their attributes, and sagas whose definition is not where they are asked for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { httpClient } from '../../shared/client/http-client.ts'
import { saga } from '../../shared/saga/builder.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { approved } from '../support/approved.ts'
import { cliOf } from '../support/cli-runner.ts'
import { Asker, expectProblem } from '../support/gateway-asker.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

const Parcel = z.object({ customer: z.string(), kilos: z.number(), gift: z.boolean() })
const parcel = saga('parcel', {
  version: 1,
  input: Parcel,
  attributes: {
    customer: { type: 'text', from: ({ input }) => input.customer },
    kilos: { type: 'number', from: ({ input }) => input.kilos },
    gift: { type: 'boolean', from: ({ input }) => input.gift },
  },
})
  .local('packed', ({ input }) => ({ box: input.kilos < 3 ? 'small' : 'large' }))
  .attribute('box', { type: 'text', of: 'packed', from: ({ packed }) => packed.box })
  .end()

let rig: SystemRig
let asker: Asker
beforeAll(async () => {
  rig = await openSystem([parcel])
  asker = new Asker(await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } }))
})
afterAll(() => rig?.close())

async function started(id: string, definition: string, input: object): Promise<void> {
  const answer = await asker.post('/v1/sagas', { id, definition, input })
  expect(answer.statusCode).toBe(202)
  await asker.get(`${answer.json().links.self}?atLeast=${placeOf(answer.json())}`)
}

const placeOf = ({ place }: { place: { partition: number; offset: string } }) => `${place.partition}:${place.offset}`
const idsOf = (answer: { json(): { sagas: { id: string }[] } }) => answer.json().sagas.map(({ id }) => id)

describe('sagas', () => {
  beforeAll(async () => {
    await started('p-1', 'parcel', { customer: 'c-7', kilos: 2.5, gift: true })
    await started('p-2', 'parcel', { customer: 'c-7', kilos: 3, gift: false })
    await started('p-3', 'parcel', { customer: 'c-8 & sons', kilos: 2.5, gift: false })
  })

  test.each<[query: string, ids: readonly string[]]>([
    ['attribute.customer=c-7', ['p-2', 'p-1']],
    ['attribute.customer=c-7&attribute.kilos=2.5', ['p-1']],
    ['attribute.kilos=2.5', ['p-3', 'p-1']],
    ['attribute.gift=false&definition=parcel', ['p-3', 'p-2']],
    ['attribute.gift=false&attribute.customer=c-7&status=completed', ['p-2']],
    ['attribute.customer=c-8%20%26%20sons', ['p-3']],
    ['attribute.box=small', ['p-3', 'p-1']],
    ['attribute.box=large&attribute.customer=c-7', ['p-2']],
    ['attribute.customer=c-9', []],
    ['attribute.nothing=c-7', []],
    ["attribute.customer=c-7'%20or%20'1'='1", []],
  ])('are found by %s', async (query, ids) => expect(idsOf(await asker.get(`/v1/sagas?${query}`))).toEqual(ids))

  test('are found by what a step gave, and shown with it, by the command line too', async () => {
    const { url } = await (await rig.gateway()).listen({ port: 0 })
    const kasaga = cliOf(() => url)
    const found = await kasaga(['list', '--attribute', 'box=large', '--json'])
    expect(JSON.parse(found.out).sagas.map(({ id }: { id: string }) => id)).toEqual(['p-2'])
    expect((await kasaga(['show', 'p-2'])).out).toContain('box=large')
    expect((await asker.get('/v1/sagas/p-2')).json().attributes).toMatchObject({ box: 'large', kilos: 3 })
  })

  test.each([
    'attribute.=x',
    'attribute.Customer=x',
    'attribute.a=x&attribute.a=y',
    'attribute.a=%00',
    `attribute.a=${'x'.repeat(257)}`,
    'attribute=x',
    'attributes.a=x',
  ])('are not looked for by %s', async (query) => {
    expectProblem(await asker.get(`/v1/sagas?${query}`), 400, 'invalid-request')
  })

  test('show what they can be found by, as they gave it', async () => {
    const attributes = { customer: 'c-7', kilos: 2.5, gift: true }
    expect((await asker.get('/v1/sagas/p-1')).json()).toMatchObject({ attributes, waitsForDefinition: null })
  })

  test('are found through the client too', async () => {
    const { url } = await (await rig.gateway()).listen({ port: 0 })
    const { sagas } = await httpClient({ url }).list({ attributes: { customer: 'c-7', gift: true }, limit: 5 })
    expect(sagas.map(({ id }) => id)).toEqual(['p-1'])
  })
})

test('a saga that has not ended says when its definition is not there, or is another one', async () => {
  await started('waits-1', 'approved', { id: 'waits-1', cents: 500 })
  const shownBy = async (...definitions: ConstructorParameters<typeof Definitions>[0]) => {
    const other = new Asker(await rig.gateway({ definitions: new Definitions(definitions) }))
    return (await other.get('/v1/sagas/waits-1')).json().waitsForDefinition
  }
  expect(await shownBy(approved)).toBeNull()
  expect(await shownBy({ ...approved, deadlineMs: 5 })).toBe('definition-changed')
  expect(await shownBy({ ...approved, version: 2 })).toBe('unknown-definition')
})
