/** Lawful histories of origins and forks, and what breaks them. */
import type { GivenStep, SagaEvent } from '../../../../shared/message/events.ts'
import { sagaId } from '../../../../shared/message/ids.ts'
import { SAGA } from '../../../support/given-when-then.ts'
import { type Lawful, lawful } from './lawful.ts'
import type { Planted } from './planted.ts'
import * as s from './shapes.ts'

const steps = (names: readonly string[]): GivenStep[] => names.map((step) => ({ step, output: null }))

const startGiven = (...names: string[]): SagaEvent => {
  return { ...s.start, origin: { sagaId: sagaId('origin-1'), step: 'any', seq: 9 }, given: steps(names) } as SagaEvent
}
const forked = (from: string, given: readonly GivenStep[], fork = 'fork-1'): SagaEvent => {
  const person = { requestId: `fork-${from}`, actor: 'ann', reason: 'once more' }
  const begun = { definition: 'shape', version: 1, input: null, fork: sagaId(fork), given }
  return { type: 'saga-forked', from, ...begun, ...person }
}

export const LAWFUL_FORKS: readonly Lawful[] = [
  lawful('a fork', s.graph, startGiven('a', 'b'), ...s.did('c', 'any', 'pay', 'note'), s.completed),
  lawful(
    'a fork undone',
    s.graph,
    startGiven('a', 'b'),
    s.ask('c'),
    s.ask('any'),
    s.ok('any'),
    s.no('c'),
    s.back(s.because('c')),
    ...s.undid('any'),
    s.compensated,
  ),
]

export const FORKS: readonly Planted[] = [
  ['a step given that is asked for', 'S3', s.graph, [startGiven('a'), s.ask('a')], 'bare'],
  ['a step given that is undone', 'S5', s.graph, [startGiven('a'), s.back(s.cancelled), s.undo('a')], 'bare'],
  [
    'a fork past its pivot that turns back',
    'S7',
    s.graph,
    [startGiven('a', 'b', 'c', 'any', 'pay'), s.back(s.cancelled)],
  ],
  ['a step given twice', 'S3', s.graph, [startGiven('a', 'a')], 'bare'],
  ['a step given that is none of its own', 'S3', s.graph, [startGiven('x')]],
  ['a step given inside a block', 'S3', s.graph, [startGiven('a[0].b')], 'bare'],
  ['a step given without what it comes after', 'S4', s.graph, [startGiven('b')]],
  ['something given by nobody', 'S3', s.graph, [{ ...s.start, given: [] } as SagaEvent], 'bare'],
  ['a step that is under way given on', 'S4', s.graph, [s.start, s.ask('a'), forked('b', steps(['a']))], 'bare'],
  ['a step that never began given on', 'S4', s.graph, [s.start, forked('b', steps(['a']))], 'bare'],
  ['the step itself given on', 'S4', s.graph, [s.start, ...s.did('a'), forked('a', steps(['a']))], 'bare'],
  ['a step that comes after it given on', 'S4', s.graph, [s.start, ...s.did('a', 'b'), forked('a', steps(['b']))]],
  ['a step given on without its output', 'S4', s.graph, [s.start, ...s.did('a'), forked('b', [{ step: 'a' }])], 'bare'],
  [
    'a step that was undone given on',
    'S4',
    s.graph,
    [s.start, ...s.did('a'), s.back(s.cancelled), ...s.undid('a'), forked('b', steps(['a']))],
    'bare',
  ],
  ['a fork from a step that is not there', 'S3', s.graph, [s.start, forked('x', [])]],
  ['a fork of itself', 'S3', s.graph, [s.start, forked('b', [], SAGA)], 'bare'],
]
