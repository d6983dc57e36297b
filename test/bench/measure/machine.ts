/** How busy the machine is with other things, and how fast it is now: figures of a noisy run must be seen to be so. */
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const CALIBRATION_ROUNDS = 200_000
const BLOCK = Buffer.alloc(64, 7)

/** Milliseconds that a fixed piece of work takes now: more than usual means that somebody else is at work. */
export function calibrate(): number {
  const began = performance.now()
  for (let i = 0; i < CALIBRATION_ROUNDS; i++) createHash('sha1').update(BLOCK).digest()
  return performance.now() - began
}

interface Times {
  readonly idle: number
  readonly all: number
}

function times(): Times {
  const each = cpus().map((cpu) => cpu.times)
  const idle = each.reduce((sum, one) => sum + one.idle, 0)
  return { idle, all: each.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) }
}

/** Milliseconds of processor time that the whole machine has used since. */
export function machineWatch(): () => { readonly usedMs: number; readonly share: number } {
  const before = times()
  return () => {
    const after = times()
    const all = Math.max(1, after.all - before.all)
    const usedMs = all - (after.idle - before.idle)
    return { usedMs, share: usedMs / all }
  }
}

/** The longest time that this process's event loop stood still since, milliseconds. */
export function stallWatch(): () => number {
  const watch = monitorEventLoopDelay({ resolution: 5 })
  watch.enable()
  return () => {
    watch.disable()
    return watch.max / 1_000_000
  }
}
