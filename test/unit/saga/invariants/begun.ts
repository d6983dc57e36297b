/** Histories that have come half-way, for breaches to follow. */
import type { SagaEvent } from '../../../../shared/message/events.ts'
import { oneLost, threeRounds } from './lawful-blocks.ts'
import * as s from './shapes.ts'

export const trip = [s.start, s.opened('trip', 'parallel'), ...s.begun('trip[hotel]', 'trip[flight]', 'trip[car]')]
export const carLost = [
  s.ask('trip[car].book'),
  s.no('trip[car].book'),
  s.back(s.because('trip[car].book'), 'trip[car]'),
]
export const first = [s.start, s.opened('save', 'attempt'), ...s.begun('save[first]')]
export const refused = [...first, s.ask('save[first].try'), s.no('save[first].try')]
export const firstLost = [...refused, s.back(s.because('save[first].try'), 'save[first]')]
export const parcels = [s.start, s.opened('parcels', 'each', 5), ...s.begun('parcels[0]', 'parcels[1]')]
export const parcelsBack = [...oneLost, s.ask('z'), s.no('z'), s.back(s.because('z'))]
export const roundsBack = [...threeRounds, s.closed('poll'), s.back(s.cancelled)]
export const branched = [s.start, ...s.did('a', 'b', 'c')]
export const xmy: SagaEvent[] = [
  s.start,
  ...s.did('x'),
  { type: 'step-computed', step: 'mid', output: null },
  ...s.did('y'),
]
export const kid = [s.start, s.askKid(), s.ok('kid')]
export const child = [s.childStart, ...s.did('m', 'z'), s.answered('forward'), s.completed]
export const limit = { kind: 'failed', step: 'poll', error: s.BUG } as const
export const one = [s.start, s.ask('a'), s.ask('b'), s.ok('a'), s.ok('b')]

export const items = ['parcels[0]', 'parcels[1]', 'parcels[2]']
