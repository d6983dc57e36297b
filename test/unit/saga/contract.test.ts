import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { command, participant } from '../../../shared/saga/contract.ts'

const any = command({ input: z.json() })

describe('a contract', () => {
  it('has its commands under their keys, with names of the wire', () => {
    const hotel = participant('hotel', { bookRoom: any, 'free-room': any }, 2)
    expect(hotel.bookRoom).toMatchObject({ participant: 'hotel', name: 'book-room', type: 'hotel.book-room.v2' })
    expect(hotel['free-room'].type).toBe('hotel.free-room.v2')
  })
  it.each<[string, () => unknown]>([
    ['two that are the same on the wire', () => participant('hotel', { bookRoom: any, 'book-room': any })],
    ['a name that begins with a capital', () => participant('hotel', { BookRoom: any })],
    ['a name with a point', () => participant('hotel', { 'book.room': any })],
    ['a participant in camel case: it names a topic', () => participant('grandHotel', { book: any })],
  ])('refuses %s', (_, make) => expect(make).toThrow(TypeError))
})
