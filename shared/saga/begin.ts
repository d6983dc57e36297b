/** How each kind of step begins: a command is armed, a computation is done at once, a wait says what it waits for, a block opens. */
import type { SagaEvent } from '../message/events.ts'
import { scopeAround } from '../message/step-path.ts'
import { openBlock } from './blocks.ts'
import type { LocalStep, SignalStep, SleepStep, StepDefinition } from './definition.ts'
import { durationMs, spanMs } from './duration.ts'
import { askMapping, request, runMapping } from './request.ts'
import type { Story } from './story.ts'
import { endWait, keptSignal } from './waits.ts'

/** Begins a step, skips it when its condition does not hold, or parks it when its own code fails. */
export function begin(story: Story, path: string, step: StepDefinition): void {
  if (step.when) {
    const answer = askMapping(step.when, story.state, scopeAround(path))
    if (answer.kind === 'threw') {
      story.park(path, answer.error)
      return
    }
    if (answer.value === false) {
      story.tell({ type: 'step-skipped', step: path })
      return
    }
  }
  switch (step.type) {
    case 'command':
    case 'child':
      request(story, { path, step, direction: 'step', attempt: 1 })
      return
    case 'local':
      compute(story, path, step)
      return
    case 'sleep':
      sleep(story, path, step)
      return
    case 'signal':
      awaitSignal(story, path, step)
      return
    default:
      openBlock(story, path, step)
      return
  }
}

function compute(story: Story, path: string, step: LocalStep): void {
  const output = runMapping(step.compute, story.state, scopeAround(path))
  if (output.kind === 'threw') {
    story.park(path, output.error)
    return
  }
  story.tell({ type: 'step-computed', step: path, output: output.value })
}

function sleep(story: Story, path: string, { until }: SleepStep): void {
  const { now } = story.moment
  const started = (at: number): SagaEvent => ({ type: 'wait-started', step: path, until: at, signal: null })
  if (typeof until === 'number') {
    story.tell(started(now + until))
    return
  }
  const answer = askMapping((context) => instantOf(until(context), now), story.state, scopeAround(path))
  if (answer.kind === 'threw') {
    story.park(path, answer.error)
    return
  }
  story.tell(started(answer.value))
}

/** Longest wait: no timer is kept past it, and a time that is further away is a mistake. */
const WAIT_MS_MAX = durationMs('5200 weeks')

function instantOf(time: unknown, now: number): number {
  const at = typeof time === 'string' ? instantOfText(time, now) : Number(time)
  if (!Number.isSafeInteger(at) || at > now + WAIT_MS_MAX)
    throw new TypeError(
      `not a time to wait for: ${String(time)}; give a duration, RFC 3339, or milliseconds since the epoch`,
    )
  return at
}

function instantOfText(text: string, now: number): number {
  const ms = spanMs(text)
  return ms >= 0 ? now + ms : Date.parse(text)
}

function awaitSignal(story: Story, path: string, step: SignalStep): void {
  const until = step.deadlineMs === undefined ? null : story.moment.now + step.deadlineMs
  story.tell({ type: 'wait-started', step: path, until, signal: step.signal.name })
  const early = keptSignal(story.state, step)
  if (early) endWait(story, { path, step }, early)
}
